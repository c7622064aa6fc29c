"""The quintiles' cut points, and whether they still hold after some customers changed.

A cut point holds as long as it is the value that the k-th fifth of the buyers ends with: fewer than
k fifths lie below it, and at least k fifths do not exceed it. The two counts follow from the changed
customers alone, so that a build of a thousand customers need not sort a million.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from customer360.scores import rfm

FIFTHS = 5


@dataclass(frozen=True, slots=True)
class Quintile:
    """The four cut points of one measure, and how many buyers lie below and up to each."""

    cuts: rfm.Cuts | None
    buyers: int
    below: tuple[int, ...]
    upto: tuple[int, ...]

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> "Quintile":
        """Of all buyers' values."""
        cuts = rfm.cut_points(values)
        return cls(cuts, len(values), *_counts(values, cuts))

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Quintile":
        cuts = tuple(value["cuts"]) if value["cuts"] is not None else None
        return cls(cuts, value["buyers"], tuple(value["below"]), tuple(value["upto"]))  # type: ignore[arg-type]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def after(self, *, gone: npt.NDArray[Any], come: npt.NDArray[Any]) -> "Quintile | None":
        """The same cut points after some values went and others came; None where they may not hold.

        >>> quintile = Quintile.of(np.arange(100))
        >>> quintile.after(gone=np.array([3]), come=np.array([4])).cuts
        (19, 39, 59, 79)
        >>> quintile.after(gone=np.array([3]), come=np.array([50])) is None
        True
        """
        if self.cuts is None or not self._has_five_values():
            return None
        gone_below, gone_upto = _counts(gone, self.cuts)
        come_below, come_upto = _counts(come, self.cuts)
        after = Quintile(
            self.cuts,
            self.buyers - len(gone) + len(come),
            tuple(a - b + c for a, b, c in zip(self.below, gone_below, come_below, strict=True)),
            tuple(a - b + c for a, b, c in zip(self.upto, gone_upto, come_upto, strict=True)),
        )
        return after if after._has_five_values() and after._holds() else None

    def _has_five_values(self) -> bool:
        """Surely five distinct values: the four cut points, all there, and something above them."""
        assert self.cuts is not None
        cuts = [cut for cut in self.cuts if cut is not None]
        return (
            len(set(cuts)) == FIFTHS - 1
            and self.upto[-1] < self.buyers
            and all(low < high for low, high in zip(self.below, self.upto, strict=True))
        )

    def _holds(self) -> bool:
        ranks = [-(-k * self.buyers // FIFTHS) for k in range(1, FIFTHS)]
        return all(
            low < rank <= high for low, rank, high in zip(self.below, ranks, self.upto, strict=True)
        )


def _counts(
    values: npt.NDArray[Any], cuts: rfm.Cuts | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How many values lie below each cut point, and how many do not exceed it."""
    if cuts is None:
        return (0,) * 4, (0,) * 4
    whole = [(cut is not None, cut) for cut in cuts]
    below = tuple(int((values < cut).sum()) if has else 0 for has, cut in whole)
    return below, tuple(int((values <= cut).sum()) if has else 0 for has, cut in whole)
