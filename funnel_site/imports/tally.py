"""What came of a file's rows: every one counted, the first of them kept to be shown."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from funnel_site.lib.import_preview import SHOWN, CountedResult

KINDS = NEW, CHANGED, SAME = "new", "update", "skip"
NUL, SIGN = "\x00", "\ufffd"


def _plain(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Cells that PostgreSQL takes as JSON, which has no NUL."""
    return [(before.replace(NUL, SIGN), after.replace(NUL, SIGN)) for before, after in cells]


@dataclass(slots=True)
class Tally:
    """The counts of all rows, and the first rows and errors; it does not grow with the file."""

    totals: Counter[str] = field(default_factory=Counter)
    total_rows: int = 0
    wrong: int = 0
    diff_headers: list[str] = field(default_factory=list)
    shown_rows: list[Any] = field(default_factory=list)
    shown_errors: list[Any] = field(default_factory=list)
    whole_file: list[str] = field(default_factory=list)
    """What is wrong with the file as a whole: a column that is missing."""

    @property
    def is_wrong(self) -> bool:
        return bool(self.wrong or self.whole_file)

    def add(self, result: CountedResult) -> list[tuple[int, str, str]]:
        """Count the rows of a part of the file; returns its errors, numbered as in the file."""
        before = self.total_rows
        self.totals.update(result.totals)
        self.total_rows += result.total_rows
        self.wrong += result.wrong
        self.diff_headers = [str(name) for name in result.diff_headers]
        self.whole_file += result.whole_file
        if len(self.shown_rows) < SHOWN:
            shown = [(kind, _plain(cells)) for kind, cells in result.shown_rows if kind in KINDS]
            self.shown_rows += shown[: SHOWN - len(self.shown_rows)]
        errors = [
            (before + row, name.replace(NUL, SIGN), reason.replace(NUL, SIGN))
            for row, name, reason in result.errors_by_row()
        ]
        self.shown_errors += errors[: max(0, SHOWN - len(self.shown_errors))]
        return errors

    def kept(self) -> dict[str, Any]:
        """As JSON, for the job's row."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any]) -> Self:
        return cls(**{**kept, "totals": Counter(kept.get("totals", {}))})
