"""Gamma-Gamma: what a customer's purchases are worth on average, and lifetime value from it.

Fader & Hardie, The Gamma-Gamma Model of Monetary Value (2013): the value of a purchase varies around
the customer's own mean, and the means vary over customers; value and frequency are independent, which
`value_follows_frequency` checks and the profile build reports.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from customer360.scores import lifetimes
from customer360.scores.lifetimes import MIN_REPEAT_BUYERS, Fit, Floats, NotFittedError, Variant

MONTH = 365.25 / 12 / 7
MONTHS = 12
YEARLY_DISCOUNT = 0.10
STARTS = ((5.0, 4.0, 10.0), (1.0, 2.0, 1.0))
SMALLEST, LARGEST = 1e-4, 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendFit:
    """The parameters p, q and v (v in units of money), and on how many customers they rest."""

    p: float
    q: float
    v: float
    log_likelihood: float
    customers: int
    correlation: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def value_follows_frequency(x: npt.ArrayLike, mean_value: npt.ArrayLike) -> float:
    """Pearson's correlation of the two over repeat buyers; the model wants it near 0. 0 if undefined."""
    count, value = _repeat_buyers(x, mean_value)
    if len(count) < 2 or np.ptp(count) == 0 or np.ptp(value) == 0:
        return 0.0
    return float(np.corrcoef(count, value)[0, 1])


def _repeat_buyers(x: npt.ArrayLike, mean_value: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Those with a repeat purchase and a positive mean value; the others say nothing about spread."""
    count, value = (np.asarray(one, dtype=np.float64).ravel() for one in (x, mean_value))
    usable = (count > 0) & np.isfinite(value) & (value > 0)
    return count[usable], value[usable]


def _value_and_gradient(logs: Floats, x: Floats, z: Floats) -> tuple[float, Floats]:
    """Minus the mean log-likelihood (equation 1a of the paper), and its gradient by the logarithms."""
    p, q, v = np.exp(logs)
    whole = p * x + q
    spread = np.log(v + x * z)
    total = (
        gammaln(whole)
        - gammaln(p * x)
        - gammaln(q)
        + q * logs[2]
        + (p * x - 1) * np.log(z)
        + p * x * np.log(x)
        - whole * spread
    )
    psi = digamma(whole)
    by_p = x * (psi - digamma(p * x) + np.log(z) + np.log(x) - spread)
    by_q = psi - digamma(q) + logs[2] - spread
    by_v = q / v - whole / (v + x * z)
    gradient = np.array([by_p.mean() * p, by_q.mean() * q, by_v.mean() * v])
    return float(-total.mean()), -gradient


def fit(x: npt.ArrayLike, mean_value: npt.ArrayLike) -> SpendFit:
    """The maximum-likelihood parameters on repeat buyers.

    x: repeat purchase days; mean_value: the mean value of those days, the first purchase left out.
    Raises NotFittedError below MIN_REPEAT_BUYERS usable customers, and where the mean spend of the
    population would be infinite (q at or below 1).
    """
    count, value = _repeat_buyers(x, mean_value)
    if len(count) < MIN_REPEAT_BUYERS:
        raise NotFittedError(
            f"{len(count)} repeat buyers with a positive spend; the model wants {MIN_REPEAT_BUYERS}"
        )
    # The maximum does not depend on the currency's unit; near 1 the search is at its steadiest.
    unit = float(np.median(value))
    bounds = [(np.log(SMALLEST), np.log(LARGEST))] * 3
    best: Any = None
    for start in STARTS:
        found = minimize(
            _value_and_gradient,
            np.log(start),
            args=(count, value / unit),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 500, "ftol": 1e-14, "gtol": 1e-8},
        )
        if np.isfinite(found.fun) and (best is None or found.fun < best.fun):
            best = found
    if best is None:
        raise NotFittedError("the likelihood has no maximum on these data")
    p, q, v = (float(one) for one in np.exp(best.x))
    if q <= 1:
        raise NotFittedError("spend varies so much that it has no mean (q is 1 or less)")
    return SpendFit(
        p=p,
        q=q,
        v=v * unit,
        log_likelihood=float(-best.fun * len(count) - len(count) * np.log(unit)),
        customers=len(count),
        correlation=value_follows_frequency(count, value),
    )


def expected_spend(spend: SpendFit, x: npt.ArrayLike, mean_value: npt.ArrayLike) -> Floats:
    """The mean value of each customer's future purchases (equation 5 of the paper).

    Who has no repeat purchase, or none with a value, is expected to spend the population's mean.
    """
    count, value = (np.asarray(one, dtype=np.float64) for one in (x, mean_value))
    known = (count > 0) & np.isfinite(value) & (value > 0)
    number = np.where(known, count, 0.0)
    own = np.where(known, value, 0.0)
    return np.asarray(
        spend.p * (spend.v + number * own) / (spend.p * number + spend.q - 1), dtype=np.float64
    )


def lifetime_value(
    variant: Variant,
    fitted: Fit,
    spend: SpendFit,
    *,
    x: npt.ArrayLike,
    t_x: npt.ArrayLike,
    big_t: npt.ArrayLike,
    mean_value: npt.ArrayLike,
) -> Floats:
    """The value of each customer's purchases in the next 12 months, discounted by 10 % a year.

    Each month's expected purchases times the expected spend, a month's money counted at its end.
    """
    monthly = (1 + YEARLY_DISCOUNT) ** (1 / MONTHS)
    total = np.zeros(np.asarray(x).size)
    before = np.zeros_like(total)
    for month in range(1, MONTHS + 1):
        upto = lifetimes.expected_purchases(variant, fitted, x, t_x, big_t, horizon=month * MONTH)
        total += (upto - before) / monthly**month
        before = upto
    return np.asarray(total * expected_spend(spend, x, mean_value).ravel(), dtype=np.float64)
