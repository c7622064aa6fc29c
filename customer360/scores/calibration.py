"""Does the churn model say what then happens? Fitted without the last days, held against them.

The purchase model is fitted on what was known before the days held out. It says for everybody how
likely they were still alive and how many purchase days to expect; the days held out show who bought.
A chance to be alive is not a chance to buy: of those alive only some buy within the days, so that the
share who bought is to be read beside the purchases that were expected.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from customer360.scores import DAY, lifetimes, mbgnbd

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Customers with a similar P(alive): what was foreseen of them, and what was seen."""

    low: float
    high: float
    customers: int
    alive: float
    bought: float
    expected: float
    seen: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def calibrated(
    x: npt.ArrayLike,
    t_x: npt.ArrayLike,
    big_t: npt.ArrayLike,
    bought_days: npt.ArrayLike,
    *,
    days: int,
) -> tuple[lifetimes.Fit, list[Band]]:
    """The model fitted on x, t_x and T (weeks), and its bands; empty bands are left out.

    `bought_days` are each customer's purchase days within the `days` held out. `alive`, `bought` are
    means and shares from 0 to 1, `expected` and `seen` purchase days a customer. Raises
    NotFittedError where the data carry no model.
    """
    count, last, age = (np.asarray(one, dtype=np.float64) for one in (x, t_x, big_t))
    seen = np.asarray(bought_days, dtype=np.float64)
    fit = mbgnbd.fit(lifetimes.grouped(count, last, age))
    alive = mbgnbd.probability_alive(fit, count, last, age)
    expected = mbgnbd.expected_purchases(fit, count, last, age, horizon=days * DAY)
    place = np.clip(np.digitize(alive, EDGES) - 1, 0, len(EDGES) - 2)
    bands = []
    for number in range(len(EDGES) - 1):
        of_band = place == number
        if not of_band.any():
            continue
        bands.append(
            Band(
                low=EDGES[number],
                high=EDGES[number + 1],
                customers=int(of_band.sum()),
                alive=_mean(alive[of_band]),
                bought=_mean(seen[of_band] > 0),
                expected=_mean(expected[of_band]),
                seen=_mean(seen[of_band]),
            )
        )
    return fit, bands


def _mean(values: npt.NDArray[Any]) -> float:
    return round(float(values.mean()), 4)
