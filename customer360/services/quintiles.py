"""The quintiles' cut points, and whether they still hold after some customers changed.

A cut point holds as long as it is the value that the k-th fifth of the buyers ends with: fewer than
k fifths lie below it, and at least k fifths do not exceed it. The two counts follow from the changed
customers alone, so that a build of a thousand customers need not sort a million; where one holds no
longer, the new one is a neighbour.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy.typing as npt

from customer360.scores import rfm

FIFTHS = 5
Values = npt.NDArray[Any]
Near = Callable[[int, bool], Iterable[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Quintile:
    """The four cut points of one measure, and how many buyers lie below and up to each."""

    cuts: rfm.Cuts | None
    buyers: int
    below: tuple[int, ...]
    upto: tuple[int, ...]

    @classmethod
    def of(cls, values: Values) -> "Quintile":
        """Of all buyers' values."""
        cuts = rfm.cut_points(values)
        return cls(cuts, len(values), *_counts(values, cuts))

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Quintile":
        cuts = tuple(value["cuts"]) if value["cuts"] is not None else None
        return cls(cuts, value["buyers"], tuple(value["below"]), tuple(value["upto"]))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def after(self, *, gone: Values, come: Values, near: Near) -> "Quintile | None":
        """The quintile after some values went and others came; None where all must be looked at.

        `near` gives the distinct values next to a cut point, with their numbers, after the change:
        a cut point that no longer holds moves to the neighbour that does.

        >>> import numpy as np
        >>> quintile, near = Quintile.of(np.arange(100)), lambda cut, up: [(cut + 1, 1)]
        >>> quintile.after(gone=np.array([3]), come=np.array([4]), near=near).cuts
        (19, 39, 59, 79)
        >>> quintile.after(gone=np.array([3]), come=np.array([55]), near=near).cuts
        (20, 40, 59, 79)
        """
        if self.cuts is None or not self._has_five_values():
            return None
        buyers = self.buyers - len(gone) + len(come)
        gone_below, gone_upto = _counts(gone, self.cuts)
        come_below, come_upto = _counts(come, self.cuts)
        found = []
        for k, cut in enumerate(self.cuts):
            place = Place(
                cut,
                self.below[k] - gone_below[k] + come_below[k],
                self.upto[k] - gone_upto[k] + come_upto[k],
            ).moved(-(-(k + 1) * buyers // FIFTHS), near)
            if place is None:
                return None
            found.append(place)
        first, second, third, fourth = (place.value for place in found)
        after = Quintile(
            (first, second, third, fourth),
            buyers,
            tuple(place.below for place in found),
            tuple(place.upto for place in found),
        )
        return after if after._has_five_values() else None

    def spans_since(self, before: "Quintile") -> list[tuple[int, int]]:
        """Between which values, the lower one left out, scores differ from those of `before`."""
        assert self.cuts is not None
        assert before.cuts is not None
        pairs = zip(self.cuts, before.cuts, strict=True)
        return [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]

    def _has_five_values(self) -> bool:
        """Surely five distinct values: the four cut points, all there, and something above them."""
        cuts = [cut for cut in self.cuts or () if cut is not None]
        return (
            len(set(cuts)) == FIFTHS - 1
            and self.upto[-1] < self.buyers
            and all(low < high for low, high in zip(self.below, self.upto, strict=True))
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A value among all, and how many lie below it and up to it."""

    value: int
    below: int
    upto: int

    def moved(self, rank: int, near: Near) -> "Place | None":
        """The place of the value of this rank; None where it is not near."""
        if self.below < rank <= self.upto:
            return self
        up = rank > self.upto
        below, upto = self.below, self.upto
        for value, number in near(self.value, up):
            below, upto = (upto, upto + number) if up else (below - number, below)
            if below < rank <= upto:
                return Place(value, below, upto)
        return None


def _counts(values: Values, cuts: rfm.Cuts | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How many values lie below each cut point, and how many do not exceed it."""
    if cuts is None:
        return (0,) * 4, (0,) * 4
    whole = [(cut is not None, cut) for cut in cuts]
    below = tuple(int((values < cut).sum()) if has else 0 for has, cut in whole)
    return below, tuple(int((values <= cut).sum()) if has else 0 for has, cut in whole)
