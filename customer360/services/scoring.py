"""From purchase patterns to scores, for a few customers or a million: numbers in arrays, no loop.

Every build scores with the quintiles of all buyers. The purchase model is fitted anew when the day
has moved on, when more than one buyer in a hundred has changed since the last fit, and, while there
are few buyers, at every build. A full build follows the same rule, so that it ends as a build of the
changed customers does.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from customer360.models import CustomerProfile, ScoreFit, ValueTier
from customer360.scores import (
    DAY,
    bgnbd,
    churn,
    gamma_gamma,
    lifetimes,
    mbgnbd,
    rfm,
    segments,
)
from customer360.services.quintiles import Quintile
from funnel_site.lib.marking import marked

LARGEST_SAMPLE = 100_000
HORIZON = 90 * DAY
TIERS = np.array([ValueTier.NONE, *[ValueTier.LOW] * 2, *[ValueTier.MEDIUM] * 2, ValueTier.HIGH])
COLUMNS = ("customer_id", "orders", "first", "last", "days", "cents", "repeat_value")
MEASURES = {"recency": "last", "frequency": "orders", "monetary": "cents"}

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Buyers:
    """Who bought, a place a customer: whole numbers, days as days since 1970, money in cents."""

    customer_id: Array
    orders: Array
    first: Array
    last: Array
    days: Array
    cents: Array
    repeat_value: Array

    def __len__(self) -> int:
        return len(self.customer_id)

    def patterns(self, as_of: int) -> tuple[Array, Array, Array]:
        """Repeat purchase days, their span and the age, the last two in weeks."""
        return (
            self.days - 1.0,
            (self.last - self.first) * DAY,
            (as_of - self.first) * DAY,
        )

    def sample(self) -> "Buyers":
        """At most LARGEST_SAMPLE of them, the same ones for the same customers."""
        step = -(-len(self) // LARGEST_SAMPLE)
        if step <= 1:
            return self
        held = self.customer_id % step == 0
        return Buyers(*(getattr(self, name)[held] for name in COLUMNS))


@dataclass(frozen=True, slots=True)
class Models:
    """The fitted models, or the note that says why there is none."""

    purchases: lifetimes.Fit | None = None
    beside: lifetimes.Fit | None = None
    spend: gamma_gamma.SpendFit | None = None
    note: str = ""

    @classmethod
    def of(cls, fit: ScoreFit) -> "Models":
        """Those of an earlier build."""
        return cls(
            purchases=lifetimes.Fit(**fit.mbg_nbd) if fit.mbg_nbd else None,
            beside=lifetimes.Fit(**fit.bg_nbd) if fit.bg_nbd else None,
            spend=gamma_gamma.SpendFit(**fit.gamma_gamma) if fit.gamma_gamma else None,
            note=fit.note,
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of buyers, a place a customer; NaN is no number."""

    customer_id: Array
    recency: Array
    frequency: Array
    monetary: Array
    segment: Array
    tier: Array
    risk: Array
    level: Array
    expected: Array
    value: Array
    scored_by: str = field(default="")


def fit_models(buyers: Buyers, *, as_of: int) -> Models:
    """Fit the purchase models and the spend model; a model that cannot be fitted is left out."""
    some = buyers.sample()
    notes = (
        [
            marked(
                "Fitted on %(some)s of %(all)s buyers.",
                some=f"{len(some):,}",
                all=f"{len(buyers):,}",
            )
        ]
        if len(some) < len(buyers)
        else []
    )
    try:
        patterns = lifetimes.grouped(*some.patterns(as_of))
        purchases = mbgnbd.fit(patterns)
    except lifetimes.NotFittedError as error:
        return Models(note=marked("Simple rule: %(why)s.", why=error.args[0]))
    try:
        beside = bgnbd.fit(patterns)
    except lifetimes.NotFittedError as error:
        beside = None
        notes.append(marked("No BG/NBD: %(why)s.", why=error.args[0]))
    try:
        spend = gamma_gamma.fit(some.days - 1.0, some.repeat_value)
    except lifetimes.NotFittedError as error:
        spend = None
        notes.append(marked("No lifetime value: %(why)s.", why=error.args[0]))
    return Models(purchases, beside, spend, " ".join(notes))


def score_buyers(
    buyers: Buyers, models: Models, quintiles: dict[str, Quintile], *, as_of: int
) -> Scores:
    """Score each of the buyers."""
    r, f, m = (
        rfm.scores(getattr(buyers, column), quintiles[name].cuts)
        for name, column in MEASURES.items()
    )
    if models.purchases is None:
        risk = expected = value = np.full(len(buyers), np.nan)
        level = churn.rule_bands((as_of - buyers.last).astype(float))
    else:
        risk, expected, value = _forecast(buyers, models.purchases, models.spend, as_of)
        level = churn.risk_bands(risk)
    by = CustomerProfile.ScoredBy
    return Scores(
        customer_id=buyers.customer_id,
        recency=r,
        frequency=f,
        monetary=m,
        segment=segments.segment_names(r, f, m),
        tier=TIERS[m],
        risk=risk,
        level=level,
        expected=expected,
        value=value,
        scored_by=by.MBG_NBD.value if models.purchases else by.RULE.value,
    )


def _forecast(
    buyers: Buyers, fit: lifetimes.Fit, spend: gamma_gamma.SpendFit | None, as_of: int
) -> tuple[Array, Array, Array]:
    """Churn risk, purchases in 90 days and value in 12 months.

    What a living customer buys depends on repeats and age alone: worked out once a distinct pair.
    """
    x, t_x, age = buyers.patterns(as_of)
    alive = mbgnbd.probability_alive(fit, x, t_x, age)
    key = (buyers.days << 32) | (as_of - buyers.first)
    _, first_of, place = np.unique(key, return_index=True, return_inverse=True)
    pair_x, pair_age = x[first_of], age[first_of]
    pair_alive = mbgnbd.probability_alive(fit, pair_x, pair_age, pair_age)
    expected = mbgnbd.expected_purchases(fit, pair_x, pair_age, pair_age, horizon=HORIZON)
    orders = alive * (expected / pair_alive)[place]
    value = np.full(len(x), np.nan)
    if spend is not None:
        unknown = np.full(len(pair_x), np.nan)
        worth = gamma_gamma.lifetime_value(
            mbgnbd.VARIANT,
            fit,
            spend,
            x=pair_x,
            t_x=pair_age,
            big_t=pair_age,
            mean_value=unknown,
        )
        usual = gamma_gamma.expected_spend(spend, np.zeros(1), np.full(1, np.nan))[0]
        own = gamma_gamma.expected_spend(spend, x, buyers.repeat_value)
        value = alive * (worth / pair_alive / usual)[place] * own
    return 1 - alive, orders, value
