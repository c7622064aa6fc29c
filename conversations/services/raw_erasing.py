"""Deliveries of one customer in the archive: finding their lines, and taking them out."""

from collections.abc import Collection, Iterator
from typing import Any

from django.db import transaction

from conversations.models import RawFile
from conversations.services.raw_files import raw_storage, read_lines, write_lines

GONE = ("headers", "body", "body64")


def archived_lines(*, events: Collection[int], needles: Collection[str]) -> list[dict[str, Any]]:
    """The archived deliveries that are a customer's or name them. Reads the whole archive."""
    return [line for _, lines in _affected(events, needles) for line in lines]


def erase_archived(*, events: Collection[int], needles: Collection[str]) -> int:
    """Rewrite the files without what those lines say; returns how many lines.

    The new file is in place and verified before the old one goes, which is when the caller's
    transaction has been committed.
    """
    storage, erased = raw_storage(), 0
    for file, found in _affected(events, needles):
        gone = {line["id"] for line in found}
        lines = [
            _without_contents(line) if line["id"] in gone else line
            for line in read_lines(storage, file.name)
        ]
        old, written = file.name, write_lines(storage, file.name, lines)
        RawFile.objects.filter(pk=file.pk).update(
            name=written.name, size=written.size, sha256=written.sha256
        )
        transaction.on_commit(lambda name=old: storage.delete(name))  # type: ignore[misc]
        erased += len(gone)
    return erased


def _affected(
    events: Collection[int], needles: Collection[str]
) -> Iterator[tuple[RawFile, list[dict[str, Any]]]]:
    storage = raw_storage()
    for file in RawFile.objects.order_by("pk").iterator():
        found = [
            line
            for line in read_lines(storage, file.name)
            if "erased" not in line and (line["id"] in events or _names(line, needles))
        ]
        if found:
            yield file, found


def _names(line: dict[str, Any], needles: Collection[str]) -> bool:
    text = f"{line.get('body', '')} {line['headers']}"
    return any(needle in text for needle in needles)


def _without_contents(line: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in line.items() if name not in GONE}, "erased": True}
