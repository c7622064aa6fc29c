"""The first rows of a sample as they would be read, before a partner's settings are saved."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.timezone import now

from carddata.profiles import Layout, check_profile
from carddata.refusals import FileRefusedError, ProfileError, RowRefusedError
from carddata.rows import CardRow
from carddata.services.importing import FUTURE_TOLERANCE
from carddata.services.reading import CHUNK, Reject, opened, read_chunks
from funnel_site.lib.words import translated


@dataclass(slots=True)
class Preview:
    """A sample as it would be read. `error` (and `field`, a setting's name) where it cannot be."""

    encoding: str = ""
    is_guess: bool = False
    delimiter: str = ""
    header: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    rows: list[CardRow] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    read: int = 0
    rejected: int = 0
    unknown_words: dict[str, int] = field(default_factory=dict)
    error: str = ""
    error_field: str = ""


def preview(sample: bytes, profile: Mapping[str, Any], *, rows: int = 20) -> Preview:
    """Read the beginning of a file by these settings; nothing is stored.

    `profile` is what `profile_of` gives for a partner, saved or not. Rows and rejects are the first
    `rows` of each, `read` and `rejected` count all; `unknown_words` counts the words of the sample that the status map lacks.
    """
    found = Preview()
    try:
        check_profile(profile)
    except ProfileError as error:
        found.error, found.error_field = translated(error.args[0]), error.field
        return found
    with tempfile.TemporaryDirectory(prefix="partner-") as folder:
        path = Path(folder) / "sample.csv"
        path.write_bytes(sample)
        try:
            _read(found, path, profile, rows)
        except (FileRefusedError, RowRefusedError) as error:
            found.error = str(error)
    return found


def _read(found: Preview, path: Path, profile: Mapping[str, Any], rows: int) -> None:
    with opened(path, profile) as source:
        _describe(found, source.layout)
        found.encoding, found.is_guess = source.encoding.name, source.encoding.is_guess
        latest = now() + FUTURE_TOLERANCE
        for chunk in islice(read_chunks(source, profile, latest=latest, size=CHUNK), 1):
            found.read, found.rejected = chunk.read, len(chunk.rejects)
            found.rows, found.rejects = chunk.rows[:rows], chunk.rejects[:rows]
            for row in chunk.rows:
                if row.status == "unknown":
                    found.unknown_words[row.word] = found.unknown_words.get(row.word, 0) + 1


def _describe(found: Preview, layout: Layout) -> None:
    found.delimiter, found.header, found.ignored = layout.delimiter, layout.header, layout.ignored
    found.columns = {name: layout.header[at] for name, at in layout.places.items()}
