"""BG/NBD and MBG/NBD fitted on a million customers, and what the fit gives back for all of them.

python -m benchmarks.bgnbd_fit [--customers 1000000]
"""

import argparse
import time
from typing import Any

import numpy as np

from customer360.scores import DAY, bgnbd, gamma_gamma, lifetimes, mbgnbd

TRUE = {"r": 0.55, "alpha": 6.0, "a": 0.8, "b": 2.5}
DAYS = 730


def simulated(customers: int, *, seed: int) -> tuple[Any, Any, Any]:
    """Customers who live by MBG/NBD's story, first seen on any of two years' days; whole days."""
    rng = np.random.default_rng(seed)
    age = rng.integers(0, DAYS, customers) * DAY
    rate = rng.gamma(TRUE["r"], 1 / TRUE["alpha"], customers)
    leave = rng.beta(TRUE["a"], TRUE["b"], customers)
    x, t_x, clock = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    alive = rng.random(customers) > leave
    while alive.any():
        clock[alive] += rng.exponential(1 / np.maximum(rate[alive], 1e-12))
        # Purchases are counted by the day, as the build counts them.
        day = np.ceil(clock / DAY) * DAY
        alive &= day <= age
        is_later = alive & (day > t_x)
        x[is_later] += 1
        t_x[is_later] = day[is_later]
        alive &= rng.random(customers) > leave
    return x, t_x, age


def timed(what: str, work: Any) -> Any:
    """Do the work and say how long it took."""
    started = time.perf_counter()
    made = work()
    print(f"{what:<34} {time.perf_counter() - started:6.2f} s")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    given = parser.parse_args()
    x, t_x, age = simulated(given.customers, seed=1)
    value = np.random.default_rng(2).gamma(6, 10, given.customers)
    data = timed("group equal patterns", lambda: lifetimes.grouped(x, t_x, age))
    print(
        f"{given.customers:,} customers, {len(data.x):,} patterns, {data.repeat_buyers:,} came back"
    )
    for model in (bgnbd, mbgnbd):
        fit = timed(f"fit {model.VARIANT.name}", lambda model=model: model.fit(data))
        print(
            f"  r {fit.r:.3f} alpha {fit.alpha:.3f} a {fit.a:.3f} b {fit.b:.3f}"
            f" LL {fit.log_likelihood:,.1f} converged {fit.is_converged}"
        )
    timed("P(alive) of everybody", lambda: mbgnbd.probability_alive(fit, x, t_x, age))
    timed(
        "expected purchases in 90 days",
        lambda: mbgnbd.expected_purchases(fit, x, t_x, age, horizon=90 * DAY),
    )
    spend = timed("fit Gamma-Gamma", lambda: gamma_gamma.fit(x, value))
    timed(
        "lifetime value of 12 months",
        lambda: gamma_gamma.lifetime_value(
            mbgnbd.VARIANT, fit, spend, x=x, t_x=t_x, big_t=age, mean_value=value
        ),
    )


if __name__ == "__main__":
    main()
