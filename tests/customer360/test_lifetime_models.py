"""The purchase models against what their authors published, and at the edges of arithmetic."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import check_grad
from scipy.stats import beta as beta_law

from customer360.scores import DAY, bgnbd, gamma_gamma, lifetimes, mbgnbd
from customer360.scores.lifetimes import Fit, NotFittedError, Variant, grouped
from tests.customer360 import cdnow

PUBLISHED = Fit(
    model="BG/NBD",
    r=0.243,
    alpha=4.414,
    a=0.793,
    b=2.426,
    log_likelihood=-9582.4,
    customers=2357,
    repeat_buyers=946,
    is_converged=True,
)
BOTH = pytest.mark.parametrize("variant", [bgnbd.VARIANT, mbgnbd.VARIANT], ids=lambda one: one.name)


# --- Published numbers ----------------------------------------------------------------------------
def test_bg_nbd_on_cdnow_is_the_paper_to_the_printed_digits() -> None:
    found = bgnbd.fit(cdnow.sample_patterns())

    assert [round(one, 3) for one in (found.r, found.alpha, found.a, found.b)] == [
        0.243,
        4.414,
        0.793,
        2.426,
    ]
    assert round(found.log_likelihood, 1) == -9582.4
    assert (found.customers, found.repeat_buyers) == (2357, 946)
    assert found.is_converged


def test_mbg_nbd_fits_cdnow_a_little_better() -> None:
    found = mbgnbd.fit(cdnow.sample_patterns())

    assert found.is_converged
    assert found.log_likelihood > -9582.4


def test_gamma_gamma_on_cdnow_is_the_note_to_the_printed_digits() -> None:
    count, mean = cdnow.sample_spend()

    found = gamma_gamma.fit(count, mean)

    assert [round(one, 2) for one in (found.p, found.q, found.v)] == [6.25, 3.74, 15.44]
    assert found.customers == 946
    assert abs(found.correlation) < 0.15


def test_single_customers_are_as_published() -> None:
    alive = bgnbd.probability_alive(PUBLISHED, [2], [30.43], [38.86])[0]
    alive_mbg = mbgnbd.probability_alive(PUBLISHED, [2, 0], [30.43, 0], [38.86, 39])
    # Hardie's spreadsheet note: the customer 0001 is expected to buy 1.226 times in 39 weeks.
    expected = bgnbd.expected_purchases(PUBLISHED, [2], [30.43], [38.86], horizon=39)[0]

    assert round(alive, 4) == 0.7266
    assert [round(one, 4) for one in alive_mbg] == [0.7744, 0.6371]
    assert round(expected, 3) == 1.226


def test_who_bought_once_is_alive_for_certain_only_in_bg_nbd() -> None:
    assert bgnbd.probability_alive(PUBLISHED, 0, 0, 500) == 1
    assert mbgnbd.probability_alive(PUBLISHED, 0, 0, 500) < 0.6


# --- The formulas against their definitions ----------------------------------------------------------
@BOTH
def test_the_gradient_is_the_derivative(variant: Variant) -> None:
    likelihood = lifetimes.Likelihood(
        variant, grouped([0, 1, 5, 40], [0, 3, 20, 100], [10, 30, 25, 104], [7, 2, 3, 1])
    )

    for point in ([0.5, 3, 0.7, 2], [2, 20, 1.5, 0.4]):
        error = check_grad(
            lambda logs: likelihood.value_and_gradient(logs)[0],
            lambda logs: likelihood.value_and_gradient(logs)[1],
            np.log(point),
        )
        assert error < 1e-5


@BOTH
@pytest.mark.parametrize(("x", "t_x", "big_t"), [(0, 0, 20.0), (3, 10, 12.0), (12, 50, 90.0)])
def test_expected_purchases_are_the_integral_over_rate_and_chance(
    variant: Variant, x: int, t_x: float, big_t: float
) -> None:
    def living(leave: float) -> float:
        """What a customer who leaves with this chance buys, over their possible rates."""
        base = 1 + leave * 13 / (PUBLISHED.alpha + big_t)
        return float((1 - base ** -(PUBLISHED.r + x)) / leave)

    law = beta_law(PUBLISHED.a, PUBLISHED.b + x + variant.shift)
    by_definition, _ = quad(lambda p: living(p) * law.pdf(p), 0, 1)
    alive = lifetimes.probability_alive(variant, PUBLISHED, x, t_x, big_t)

    found = lifetimes.expected_purchases(variant, PUBLISHED, [x], [t_x], [big_t], horizon=13)[0]

    assert found == pytest.approx(float(alive) * by_definition, rel=1e-4)


@BOTH
def test_a_leaving_parameter_of_one_is_no_hole(variant: Variant) -> None:
    found = [
        lifetimes.expected_purchases(variant, replace(PUBLISHED, a=a), [4], [20], [30], horizon=13)[
            0
        ]
        for a in (1 - 1e-4, 1.0, 1 + 1e-4)
    ]

    assert found[1] == pytest.approx((found[0] + found[2]) / 2, rel=1e-6)


def test_grouping_changes_nothing() -> None:
    rng = np.random.default_rng(5)
    x = rng.integers(0, 4, 400)
    t_x = np.where(x > 0, rng.integers(1, 10, 400), 0)
    big_t = np.full(400, 10)
    whole = grouped(x, t_x, big_t)

    one_by_one = sum(
        mbgnbd.log_likelihood(grouped([i], [j], [k]), r=0.5, alpha=3, a=0.7, b=2)
        for i, j, k in zip(x, t_x, big_t, strict=True)
    )

    assert len(whole.x) < 40
    assert whole.customers == 400
    assert mbgnbd.log_likelihood(whole, r=0.5, alpha=3, a=0.7, b=2) == pytest.approx(one_by_one)


# --- The edges --------------------------------------------------------------------------------------
@given(
    x=st.integers(0, 100_000),
    days=st.tuples(st.integers(0, 4_000), st.integers(0, 4_000)),
    a=st.floats(0.01, 20),
    b=st.floats(0.01, 20),
    r=st.floats(0.01, 20),
    alpha=st.floats(0.01, 100),
)
@settings(deadline=None, max_examples=150)
@BOTH
def test_no_customer_overflows(
    variant: Variant, x: int, days: tuple[int, int], a: float, b: float, r: float, alpha: float
) -> None:
    fitted = replace(PUBLISHED, r=r, alpha=alpha, a=a, b=b)
    t_x, big_t = (min(days) * DAY if x else 0.0), max(days) * DAY

    alive = float(lifetimes.probability_alive(variant, fitted, x, t_x, big_t))
    orders = lifetimes.expected_purchases(variant, fitted, [x], [t_x], [big_t], horizon=90 * DAY)[0]

    assert 0 <= alive <= 1
    assert 0 <= orders <= (r + x) * 90 * DAY / (alpha + big_t) * (1 + 1e-6)


@BOTH
def test_a_hundred_thousand_purchases_and_a_first_day_have_numbers(variant: Variant) -> None:
    alive = lifetimes.probability_alive(
        variant, PUBLISHED, [100_000, 100_000, 0], [500, 499, 0], [500, 500, 0]
    )

    assert alive[0] > 0.9999
    assert alive[1] < 1e-6
    assert alive[2] > 0.7


@pytest.mark.parametrize(
    ("x", "t_x", "big_t", "says"),
    [
        ([1], [5], [4], "before the first or after the end"),
        ([-1], [0], [4], "before the first or after the end"),
        ([0], [1], [4], "without a repeat purchase"),
        ([1], [float("nan")], [4], "missing or infinite"),
        ([1], [1], [float("inf")], "missing or infinite"),
    ],
)
def test_contradictions_are_refused_by_name(x: Any, t_x: Any, big_t: Any, says: str) -> None:
    with pytest.raises(NotFittedError, match=says):
        grouped(x, t_x, big_t)


def test_below_fifty_repeat_buyers_there_is_no_model() -> None:
    few = grouped([0] * 500 + [1] * 49, [0] * 500 + [2] * 49, [9] * 549)

    assert not lifetimes.can_be_fitted([0] * 500 + [1] * 49)
    with pytest.raises(NotFittedError, match="49 customers came back; the model wants 50"):
        mbgnbd.fit(few)
    with pytest.raises(NotFittedError, match="49 repeat buyers"):
        gamma_gamma.fit([1] * 49 + [0] * 9, [10.0] * 58)


def test_an_empty_shop_groups_to_nothing() -> None:
    nobody = grouped([], [], [])

    assert (nobody.customers, nobody.repeat_buyers) == (0, 0)
    assert len(mbgnbd.expected_purchases(PUBLISHED, [], [], [], horizon=1)) == 0
    with pytest.raises(NotFittedError):
        bgnbd.fit(nobody)


def test_buyers_who_are_all_alike_end_without_an_exception() -> None:
    alike = grouped([3] * 200, [9] * 200, [10] * 200)

    found = mbgnbd.fit(alike)

    assert np.isfinite([found.r, found.alpha, found.a, found.b, found.log_likelihood]).all()


def test_the_parameters_come_back_from_simulated_customers() -> None:
    true = replace(PUBLISHED, r=0.6, alpha=5.0, a=0.9, b=3.0)
    x, t_x = _simulated(true, customers=30_000, weeks=52, seed=7)

    found = mbgnbd.fit(grouped(x, t_x, np.full(len(x), 52.0)))

    for name in ("r", "alpha", "a", "b"):
        assert getattr(found, name) == pytest.approx(getattr(true, name), rel=0.12)


def _simulated(true: Fit, *, customers: int, weeks: float, seed: int) -> tuple[Any, Any]:
    """Customers who live by MBG/NBD's story: repeat purchases and the time of the last."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(true.r, 1 / true.alpha, customers)
    leave = rng.beta(true.a, true.b, customers)
    x, t_x = np.zeros(customers), np.zeros(customers)
    alive = rng.random(customers) > leave
    clock = np.zeros(customers)
    while alive.any():
        clock[alive] += rng.exponential(1 / rate[alive])
        alive &= clock <= weeks
        x[alive] += 1
        t_x[alive] = clock[alive]
        alive &= rng.random(customers) > leave
    return x, t_x


# --- Money --------------------------------------------------------------------------------------------
def test_expected_spend_lies_between_a_customers_own_mean_and_everybodys() -> None:
    spend = gamma_gamma.fit(*cdnow.sample_spend())
    everybody = spend.p * spend.v / (spend.q - 1)

    own = gamma_gamma.expected_spend(spend, [0, 1, 50, 1], [0, 100, 100, float("nan")])

    assert own[0] == pytest.approx(everybody)
    assert everybody < own[1] < own[2] < 100
    assert own[3] == pytest.approx(everybody)


def test_lifetime_value_is_below_undiscounted_and_above_a_quarter_of_it() -> None:
    spend = gamma_gamma.fit(*cdnow.sample_spend())
    pattern: dict[str, Any] = {"x": [2], "t_x": [30.43], "big_t": [38.86]}
    year = mbgnbd.expected_purchases(PUBLISHED, *pattern.values(), horizon=12 * gamma_gamma.MONTH)[
        0
    ]
    plain = year * gamma_gamma.expected_spend(spend, [2], [20])[0]

    value = gamma_gamma.lifetime_value(
        mbgnbd.VARIANT, PUBLISHED, spend, **pattern, mean_value=[20]
    )[0]

    assert plain / 1.1 < value < plain


def test_the_currency_does_not_change_the_fit() -> None:
    count, mean = cdnow.sample_spend()

    in_dollars, in_rupiah = gamma_gamma.fit(count, mean), gamma_gamma.fit(count, mean * 16_000)

    assert in_rupiah.p == pytest.approx(in_dollars.p, rel=1e-3)
    assert in_rupiah.v == pytest.approx(in_dollars.v * 16_000, rel=1e-3)


def test_gamma_gammas_gradient_is_the_derivative() -> None:
    likelihood = gamma_gamma.Likelihood(np.array([1.0, 1, 2, 9]), np.array([20.0, 3, 8, 40]))

    for point in ([5.0, 4, 10], [0.7, 1.5, 30]):
        error = check_grad(
            lambda logs: likelihood.value_and_gradient(logs)[0],
            lambda logs: likelihood.value_and_gradient(logs)[1],
            np.log(point),
        )
        assert error < 1e-5
