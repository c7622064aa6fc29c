"""Recency, frequency and monetary scores: fifths of the buyers, 5 the best.

The cut points are the values at 20, 40, 60 and 80% of the buyers, as SQL's `percentile_disc` finds
them (the smallest value that at least so many buyers do not exceed). A score is one plus the number of
cut points that a value lies strictly above. The tie rules:

- equal values always have equal scores, whatever the order of the rows;
- a group that spans several fifths has the score of the lowest one: where 60% bought once, buying
  once scores 1 and the scores 2 and 3 stay empty, rather than being dealt out by chance;
- the greatest value scores 5 all the same, as the least one scores 1: who bought on the very last day
  bought most lately, however many others did too.

With fewer than five distinct values (so also with fewer than five buyers) fifths mean nothing, and the
values themselves are spread evenly over the scale: one value scores 3; two score 1 and 5; three 1, 3
and 5; four 1, 2, 4 and 5.

Who never bought has no score. Recency is scored on the day of the last purchase, later being better,
so that the day of the calculation changes no score by itself. Source of the method: Hughes, Strategic
Database Marketing (1994), with ties as above.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

FIFTHS = 5
# Which of the distinct values are the cut points where there are fewer than five; None: below all.
FEW_VALUES: dict[int, tuple[int | None, ...]] = {
    1: (None, None, 0, 0),
    2: (0, 0, 0, 0),
    3: (0, 0, 1, 1),
    4: (0, 1, 1, 2),
}

Cuts = tuple[Any, Any, Any, Any]


def cut_points(values: npt.ArrayLike, counts: npt.ArrayLike | None = None) -> Cuts | None:
    """The four values above which the scores 2, 3, 4 and 5 begin; None where there is no value.

    `counts` says how many buyers have each value, for data that is grouped already. A cut point of
    None lies below every value (the case of a single distinct value).

    >>> cut_points([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    (2, 4, 6, 8)
    >>> cut_points([1, 2, 3, 4, 5, 5, 5, 5, 5, 5])
    (2, 4, 4, 4)
    >>> cut_points([7, 7]), cut_points([]), cut_points([1, 1, 2])
    ((None, None, 7, 7), None, (1, 1, 1, 1))
    """
    distinct, number = _counted(np.asarray(values), counts)
    if not len(distinct):
        return None
    plain = distinct.tolist()
    if len(distinct) < FIFTHS:
        places = FEW_VALUES[len(distinct)]
        first, second, third, fourth = (None if place is None else plain[place] for place in places)
        return first, second, third, fourth
    upto = np.cumsum(number)
    whole = int(upto[-1])
    # The smallest value that k fifths of the buyers do not exceed: in whole numbers, so exact.
    at = [int(np.searchsorted(upto, -(-k * whole // FIFTHS))) for k in range(1, FIFTHS)]
    # Below the greatest value, which is to lie above all cut points.
    first, second, third, fourth = (plain[min(place, len(plain) - 2)] for place in at)
    return first, second, third, fourth


def _counted(
    values: npt.NDArray[Any], counts: npt.ArrayLike | None
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The distinct values in order, and how many buyers have each."""
    if counts is None:
        distinct, number = np.unique(values, return_counts=True)
        return distinct, number.astype(np.int64)
    distinct, places = np.unique(values, return_inverse=True)
    number = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(number, places, np.asarray(counts, dtype=np.int64))
    held = number > 0
    return distinct[held], number[held]


def scores(values: npt.ArrayLike, cuts: Cuts | None) -> npt.NDArray[np.int8]:
    """The score of each value, 1 to 5; 0 throughout where there are no cut points.

    >>> scores([1, 2, 3, 8, 9], (2, 4, 6, 8)).tolist()
    [1, 1, 2, 4, 5]
    """
    given = np.asarray(values)
    if cuts is None:
        return np.zeros(given.shape, dtype=np.int8)
    found = np.ones(given.shape, dtype=np.int8)
    for cut in cuts:
        found += np.int8(1) if cut is None else (given > cut).astype(np.int8)
    return found


def score(value: Any, cuts: Cuts) -> int:
    """The score of one value.

    >>> score(9, (2, 4, 6, 8)), score(7, (None, None, 7, 7))
    (5, 3)
    """
    return 1 + sum(1 for cut in cuts if cut is None or value > cut)
