"""What BG/NBD and MBG/NBD have in common: the likelihood, its gradient, its maximum, and forecasts.

Both say: while alive a customer buys at a rate of their own (Gamma over customers), and after a
purchase leaves for good with a chance of their own (Beta over customers). In BG/NBD nobody leaves
before the first repeat purchase, so who bought once is alive for certain; MBG/NBD lets them leave right
after the first purchase too. In formulas the second is the first with b + x replaced by b + x + 1
(`Variant.shift`) and with the leaving term for everyone.

All powers are taken as sums of logarithms, so that a hundred thousand purchases, or a first purchase
on the very day, overflow nothing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy  # Its parts load when first used: no web process or command waits for them.

from funnel_site.lib.marking import marked

Floats = npt.NDArray[np.float64]

MIN_REPEAT_BUYERS = 50
"""Below this number of customers with a repeat purchase a model is not fitted: see churn.py."""

STARTS = ((1.0, 10.0, 1.0, 2.0), (0.3, 3.0, 0.5, 3.0))
# A parameter beyond these is a model that does not fit: nobody leaves, or everybody is alike.
SMALLEST, LARGEST = 1e-5, 1e6
FLAT = 1e-4
QUANTILES = (np.arange(400) + 0.5) / 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """BG/NBD (shift 0) or MBG/NBD (shift 1)."""

    name: str
    shift: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """Customers grouped by their (x, t_x, T); `weight` of them share each pattern. Weeks."""

    x: Floats
    t_x: Floats
    big_t: Floats
    weight: Floats

    @property
    def customers(self) -> int:
        return int(self.weight.sum())

    @property
    def repeat_buyers(self) -> int:
        return int(self.weight[self.x > 0].sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The parameters that make the data likeliest, and what is to be said about them."""

    model: str
    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    customers: int
    repeat_buyers: int
    is_converged: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class NotFittedError(Exception):
    """The data do not carry the model; the message says why, in words for staff."""


def can_be_fitted(x: npt.ArrayLike) -> bool:
    """Whether enough customers came back for a model to say anything.

    >>> can_be_fitted([0] * 1000 + [1] * 49), can_be_fitted([1] * 50)
    (False, True)
    """
    return int((np.asarray(x) > 0).sum()) >= MIN_REPEAT_BUYERS


def grouped(
    x: npt.ArrayLike, t_x: npt.ArrayLike, big_t: npt.ArrayLike, weight: npt.ArrayLike | None = None
) -> Patterns:
    """Group equal patterns, so that the fit's cost follows the patterns and not the customers.

    x: repeat purchase days; t_x: first to last purchase day; big_t: first purchase day to `as_of`,
    both in weeks. Raises NotFittedError where 0 <= t_x <= big_t does not hold, a time is no number,
    or t_x is positive without a repeat purchase.
    """
    columns = [np.asarray(one, dtype=np.float64).ravel() for one in (x, t_x, big_t)]
    count, last, age = columns
    if not all(np.isfinite(one).all() for one in columns):
        raise NotFittedError(marked("a number of purchases or a time is missing or infinite"))
    # A day's rounding in a given week number is no contradiction.
    if (count < 0).any() or (last < 0).any() or (last > age + 1e-9).any():
        raise NotFittedError(
            marked("a last purchase lies before the first or after the end of the data")
        )
    if (last[count == 0] > 0).any():
        raise NotFittedError(
            marked("a customer without a repeat purchase has a later last purchase")
        )
    order = np.lexsort((last, age, count))
    count, last, age = count[order], last[order], age[order]
    number = np.ones(len(count)) if weight is None else np.asarray(weight, dtype=np.float64)[order]
    if not len(count):
        return Patterns(x=count, t_x=last, big_t=age, weight=number)
    is_new = np.ones(len(count), dtype=bool)
    is_new[1:] = (np.diff(count) != 0) | (np.diff(last) != 0) | (np.diff(age) != 0)
    starts = np.flatnonzero(is_new)
    return Patterns(
        x=count[starts],
        t_x=last[starts],
        big_t=age[starts],
        weight=np.add.reduceat(number, starts),
    )


class Likelihood:
    """The log-likelihood of one variant on grouped data, as a function of ln(r, alpha, a, b).

    What depends on x alone is computed once a distinct x and weighted by its customers.
    """

    def __init__(self, variant: Variant, data: Patterns) -> None:
        self.shift = variant.shift
        self.data = data
        self.counts, self.of_count = np.unique(data.x, return_inverse=True)
        self.held = np.bincount(self.of_count, weights=data.weight)
        self.may_leave = (self.counts + self.shift > 0)[self.of_count]

    def value_and_gradient(self, logs: Floats) -> tuple[float, Floats]:
        """Minus the mean log-likelihood and its gradient by the logarithms of the parameters."""
        r, alpha, a, b = np.exp(logs)
        data, n = self.data, self.counts
        log_t, log_tx = np.log(alpha + data.big_t), np.log(alpha + data.t_x)
        exponent = r + data.x
        odds = np.full(len(n), -np.inf)
        leaves = n + self.shift > 0
        odds[leaves] = np.log(a) - np.log(b + n[leaves] - 1 + self.shift)
        stay = -exponent * log_t
        leave = odds[self.of_count] - exponent * log_tx
        # The chance that the customer has left, given the parameters and the pattern.
        gone = np.where(self.may_leave, scipy.special.expit(leave - stay), 0.0)
        by_count = (
            scipy.special.gammaln(r + n)
            - scipy.special.gammaln(r)
            + r * logs[1]
            + scipy.special.gammaln(a + b)
            - scipy.special.gammaln(b)
            + scipy.special.gammaln(b + n + self.shift)
            - scipy.special.gammaln(a + b + n + self.shift)
        )
        total = self.held @ by_count + data.weight @ np.logaddexp(stay, leave)
        gradient = self._gradient((r, alpha, a, b), gone, log_t, log_tx)
        size = data.weight.sum()
        return -total / size, -gradient * np.array([r, alpha, a, b]) / size

    def _gradient(
        self, parameters: tuple[float, ...], gone: Floats, log_t: Floats, log_tx: Floats
    ) -> Floats:
        """The derivatives of the log-likelihood by r, alpha, a and b."""
        r, alpha, a, b = parameters
        data, n, weight = self.data, self.counts, self.data.weight
        left = np.bincount(self.of_count, weights=weight * gone)
        size = weight.sum()
        both = scipy.special.digamma(a + b) * size - self.held @ scipy.special.digamma(
            a + b + n + self.shift
        )
        by_r = (
            self.held @ scipy.special.digamma(r + n)
            + size * (np.log(alpha) - scipy.special.digamma(r))
            - weight @ (log_t + gone * (log_tx - log_t))
        )
        hazard = (1 - gone) / (alpha + data.big_t) + gone / (alpha + data.t_x)
        by_alpha = size * r / alpha - weight @ ((r + data.x) * hazard)
        by_a = both + left.sum() / a
        can_leave = n + self.shift > 0
        by_b = (
            both
            - size * scipy.special.digamma(b)
            + self.held @ scipy.special.digamma(b + n + self.shift)
            - (left[can_leave] / (b + n[can_leave] - 1 + self.shift)).sum()
        )
        return np.array([by_r, by_alpha, by_a, by_b])


def log_likelihood(
    variant: Variant, data: Patterns, *, r: float, alpha: float, a: float, b: float
) -> float:
    """The log-likelihood of the data at given parameters."""
    mean, _ = Likelihood(variant, data).value_and_gradient(np.log([r, alpha, a, b]))
    return float(-mean * data.weight.sum())


def fit(variant: Variant, data: Patterns) -> Fit:
    """The maximum-likelihood parameters.

    Raises NotFittedError below MIN_REPEAT_BUYERS and where no start converges to usable parameters.
    """
    if data.repeat_buyers < MIN_REPEAT_BUYERS:
        raise NotFittedError(
            marked(
                "%(number)s customers came back; the model wants %(least)s",
                number=data.repeat_buyers,
                least=MIN_REPEAT_BUYERS,
            )
        )
    likelihood = Likelihood(variant, data)
    best: Any = None
    for start in STARTS:
        found = scipy.optimize.minimize(
            likelihood.value_and_gradient,
            np.log(start),
            jac=True,
            method="L-BFGS-B",
            bounds=[(np.log(SMALLEST), np.log(LARGEST))] * 4,
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
        )
        if np.isfinite(found.fun) and (best is None or found.fun < best.fun):
            best = found
        # On real data every start ends at the same place; the others are for when one does not.
        if is_level(best):
            break
    if best is None:
        raise NotFittedError(marked("the likelihood has no maximum on these data"))
    r, alpha, a, b = (float(one) for one in np.exp(best.x))
    return Fit(
        model=variant.name,
        r=r,
        alpha=alpha,
        a=a,
        b=b,
        log_likelihood=float(-best.fun * data.weight.sum()),
        customers=data.customers,
        repeat_buyers=data.repeat_buyers,
        is_converged=is_level(best),
    )


def is_level(found: Any) -> bool:
    """Whether the slope at the best place is level, so that it is the summit."""
    return found is not None and bool(np.abs(found.jac).max() < FLAT)


def probability_alive(
    variant: Variant, fitted: Fit, x: npt.ArrayLike, t_x: npt.ArrayLike, big_t: npt.ArrayLike
) -> Floats:
    """The chance, 0 to 1, that each customer will still buy."""
    count, last, age = (np.asarray(one, dtype=np.float64) for one in (x, t_x, big_t))
    before = fitted.b + count - 1 + variant.shift
    may_leave = count + variant.shift > 0
    log_odds = np.log(fitted.a / np.where(may_leave, before, 1.0)) + (fitted.r + count) * np.log1p(
        np.maximum(age - last, 0.0) / (fitted.alpha + last)
    )
    return np.where(may_leave, scipy.special.expit(-log_odds), 1.0)


def expected_purchases(
    variant: Variant,
    fitted: Fit,
    x: npt.ArrayLike,
    t_x: npt.ArrayLike,
    big_t: npt.ArrayLike,
    *,
    horizon: float,
) -> Floats:
    """How many purchase days each customer is expected to have in the next `horizon` weeks.

    For several horizons at once see `expected_at`.
    """
    return expected_at(variant, fitted, x, t_x, big_t, horizons=[horizon])[0]


def expected_at(
    variant: Variant,
    fitted: Fit,
    x: npt.ArrayLike,
    t_x: npt.ArrayLike,
    big_t: npt.ArrayLike,
    *,
    horizons: Sequence[float],
) -> list[Floats]:
    """Expected purchase days of each customer up to each horizon.

    P(alive) times what a living customer with this x and T buys, which is worked out once a distinct
    (x, T): of a million customers these are some ten thousand.
    """
    count, age = (np.asarray(one, dtype=np.float64).ravel() for one in (x, big_t))
    counts, of_count = np.unique(count, return_inverse=True)
    ages, of_age = np.unique(age, return_inverse=True)
    # One whole number a pair sorts ten times faster than pairs do.
    pairs, place = np.unique(of_count * len(ages) + of_age, return_inverse=True)
    alive = probability_alive(variant, fitted, x, t_x, big_t).ravel()
    pair_count, pair_age = (
        (counts[pairs // len(ages)], ages[pairs % len(ages)]) if len(pairs) else (count, age)
    )
    return [
        np.asarray(
            alive * _if_alive(variant, fitted, pair_count, pair_age, horizon)[place],
            dtype=np.float64,
        )
        for horizon in horizons
    ]


def _if_alive(variant: Variant, fitted: Fit, count: Floats, age: Floats, horizon: float) -> Floats:
    """Expected purchases of a living customer: Fader, Hardie & Lee's equation (10) without P(alive).

    Its hypergeometric function is taken after Pfaff's transformation, which folds the power in front
    into it. At a = 1 numerator and denominator vanish together; a step aside by 1e-6 changes nothing
    that anybody prints.
    """
    a = fitted.a if abs(fitted.a - 1) > 1e-6 else 1 + 1e-6
    rate, later = fitted.r + count, a + fitted.b + count - 1 + variant.shift
    with np.errstate(all="ignore"):
        ratio = scipy.special.hyp2f1(rate, a - 1, later, -horizon / (fitted.alpha + age))
        found = later / (a - 1) * (1 - ratio)
    most = rate * horizon / (fitted.alpha + age)
    is_bad = ~np.isfinite(found) | (found < 0) | (found > most * (1 + 1e-9))
    if is_bad.any():
        found[is_bad] = _by_quadrature(variant, fitted, count[is_bad], age[is_bad], horizon)
    return np.asarray(found, dtype=np.float64)


def _by_quadrature(
    variant: Variant, fitted: Fit, count: Floats, age: Floats, horizon: float
) -> Floats:
    """The same as a mean over the quantiles of the chance to leave, where the series fails."""
    found = np.empty(len(count))
    for place, (number, since) in enumerate(zip(count, age, strict=True)):
        leave = scipy.special.betaincinv(fitted.a, fitted.b + number + variant.shift, QUANTILES)
        leave = np.maximum(leave, 1e-300)
        scaled = np.log1p(leave * horizon / (fitted.alpha + since))
        found[place] = (-np.expm1(-(fitted.r + number) * scaled) / leave).mean()
    return found
