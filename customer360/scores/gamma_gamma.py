"""Gamma-Gamma: what a customer's purchases are worth on average, and lifetime value from it.

Fader & Hardie, The Gamma-Gamma Model of Monetary Value (2013): the value of a purchase varies around
the customer's own mean, and the means vary over customers; value and frequency are independent, which
`value_follows_frequency` checks and the profile build reports.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy  # Its parts load when first used: no web process or command waits for them.

from customer360.scores import lifetimes
from customer360.scores.lifetimes import MIN_REPEAT_BUYERS, Fit, Floats, NotFittedError, Variant
from funnel_site.lib.marking import marked

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


class Likelihood:
    """The log-likelihood (equation 1a of the paper) as a function of ln(p, q, v).

    What depends on x alone is computed once a distinct x and weighted by its customers.
    """

    def __init__(self, x: Floats, z: Floats) -> None:
        self.x, self.z, self.log_z = x, z, np.log(z)
        self.counts, self.of_count = np.unique(x, return_inverse=True)
        self.held = np.bincount(self.of_count).astype(np.float64)

    def value_and_gradient(self, logs: Floats) -> tuple[float, Floats]:
        """Minus the mean log-likelihood, and its gradient by the logarithms of the parameters."""
        p, q, v = np.exp(logs)
        n, x, size = self.counts, self.x, len(self.x)
        spent = v + x * self.z
        spread = np.log(spent)
        by_count = (
            scipy.special.gammaln(p * n + q)
            - scipy.special.gammaln(p * n)
            - scipy.special.gammaln(q)
            + q * logs[2]
            + p * n * np.log(n)
        )
        total = self.held @ by_count + ((p * x - 1) * self.log_z - (p * x + q) * spread).sum()
        psi = scipy.special.digamma(p * n + q)
        by_p = self.held @ (n * (psi - scipy.special.digamma(p * n) + np.log(n))) + x @ (
            self.log_z - spread
        )
        by_q = self.held @ (psi - scipy.special.digamma(q) + logs[2]) - spread.sum()
        by_v = size * q / v - ((p * x + q) / spent).sum()
        return float(-total / size), -np.array([by_p * p, by_q * q, by_v * v]) / size


def fit(x: npt.ArrayLike, mean_value: npt.ArrayLike) -> SpendFit:
    """The maximum-likelihood parameters on repeat buyers.

    x: repeat purchase days; mean_value: the mean value of those days, the first purchase left out.
    Raises NotFittedError below MIN_REPEAT_BUYERS usable customers, and where the mean spend of the
    population would be infinite (q at or below 1).
    """
    count, value = _repeat_buyers(x, mean_value)
    if len(count) < MIN_REPEAT_BUYERS:
        raise NotFittedError(
            marked(
                "%(number)s repeat buyers with a positive spend; the model wants %(least)s",
                number=len(count),
                least=MIN_REPEAT_BUYERS,
            )
        )
    # The maximum does not depend on the currency's unit; near 1 the search is at its steadiest.
    unit = float(np.median(value))
    bounds = [(np.log(SMALLEST), np.log(LARGEST))] * 3
    likelihood = Likelihood(count, value / unit)
    best: Any = None
    for start in STARTS:
        found = scipy.optimize.minimize(
            likelihood.value_and_gradient,
            np.log(start),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
        )
        if np.isfinite(found.fun) and (best is None or found.fun < best.fun):
            best = found
        if lifetimes.is_level(best):
            break
    if best is None:
        raise NotFittedError(marked("the likelihood has no maximum on these data"))
    p, q, v = (float(one) for one in np.exp(best.x))
    if q <= 1:
        raise NotFittedError(marked("spend varies so much that it has no mean (q is 1 or less)"))
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
    """The value of each customer's purchases in the next 12 months, discounted by 10% a year.

    Each month's expected purchases times the expected spend, a month's money counted at its end.
    """
    monthly = (1 + YEARLY_DISCOUNT) ** (1 / MONTHS)
    upto = lifetimes.expected_at(
        variant, fitted, x, t_x, big_t, horizons=[month * MONTH for month in range(1, MONTHS + 1)]
    )
    total = np.zeros(np.asarray(x).size)
    before = np.zeros_like(total)
    for month, orders in enumerate(upto, start=1):
        total += (orders - before) / monthly**month
        before = orders
    return np.asarray(total * expected_spend(spend, x, mean_value).ravel(), dtype=np.float64)
