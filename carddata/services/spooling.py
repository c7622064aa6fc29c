"""Checked rows on disk, ready for the database: a file is read once, and never held in memory.

The temporary file has no name, so that a killed worker leaves nothing behind. A resumed import makes
it again from the row it stopped at.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, cast

import orjson

from carddata.services.loading import Prepared, prepare
from carddata.services.reading import Chunk, Reject
from carddata.services.storing import work_folder


@dataclass(frozen=True, slots=True)
class Portion:
    """A chunk as it comes back from the disk."""

    prepared: Prepared
    rejects: list[Reject]
    references: list[str]
    blank: int
    next_line: int

    @property
    def read(self) -> int:
        return self.prepared.rows + len(self.rejects)


@dataclass(slots=True)
class Spool:
    """Portions written one after the other, with the totals so far."""

    file: BinaryIO
    rows: int = 0
    rejects: int = 0
    first_rejects: list[Reject] = field(default_factory=list)

    def add(self, chunk: Chunk, *, listed: int) -> None:
        """Write a chunk away; the first `listed` rejects stay at hand."""
        self.rows += chunk.read
        self.rejects += len(chunk.rejects)
        self.first_rejects += chunk.rejects[: max(listed - len(self.first_rejects), 0)]
        prepared = prepare(chunk.rows)
        said = {
            "rows": prepared.rows,
            "size": len(prepared.data),
            "rejects": [list(reject) for reject in chunk.rejects],
            "references": [row.reference for row in chunk.rows if row.reference],
            "blank": chunk.blank,
            "next_line": chunk.next_line,
        }
        self.file.write(orjson.dumps(said) + b"\n")
        self.file.write(prepared.data)

    def portions(self) -> Iterator[Portion]:
        """What was written, in order."""
        self.file.seek(0)
        while line := self.file.readline():
            said = orjson.loads(line)
            data = self.file.read(said["size"])
            yield Portion(
                prepared=Prepared(said["rows"], data),
                rejects=[Reject(*reject) for reject in said["rejects"]],
                references=said["references"],
                blank=said["blank"],
                next_line=said["next_line"],
            )


@contextmanager
def spooled() -> Iterator[Spool]:
    """An empty spool that is gone afterwards, however this ends."""
    with tempfile.TemporaryFile(dir=work_folder()) as file:
        yield Spool(cast("BinaryIO", file))
