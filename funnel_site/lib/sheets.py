"""The one gateway to spreadsheets."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self


class SheetRefused(Exception):
    """No use trying again before somebody mends it."""


class SheetUnavailable(Exception):
    """Worth another try later."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    info: dict[str, str]

    @classmethod
    def from_settings(cls) -> Self | None:
        return None


def read_table(
    source: str, *, worksheet: str = "", credentials: ServiceAccount | None = None
) -> list[list[str]]:
    path = Path(source)
    if not path.is_file():
        raise SheetRefused(f"There is no file {path.name}.")
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))


def header_index(
    rows: Sequence[Sequence[str]], required: Sequence[str], aliases: Mapping[str, str]
) -> dict[str, int]:
    if not rows:
        raise SheetRefused("The sheet is empty; keeping what we have.")
    found: dict[str, int] = {}
    for place, cell in enumerate(rows[0]):
        name = cell.strip().casefold()
        name = aliases.get(name, name)
        if name and name in found:
            raise SheetRefused(f"The column {name} is there twice.")
        if name:
            found[name] = place
    for name in required:
        if name not in found:
            raise SheetRefused(f"The column {name} is missing.")
    return found
