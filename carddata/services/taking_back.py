"""Undoing an import, batch by batch: what only this file says goes, what another says too stays.

Each batch is one transaction that also repoints the statuses it touches, so that a reader never meets
a card half undone, and a killed undo goes on where it stopped.
"""

from collections.abc import Callable

from django.db import connection, transaction
from django.db.models import F
from django.utils.timezone import now

from carddata.models import CardEvent, CardSighting, PartnerFile, RejectedRow
from carddata.services.claiming import write
from carddata.services.current import recompute
from carddata.services.loading import lock_writers

BATCH = 20_000

Progress = Callable[[PartnerFile], None]
State = PartnerFile.State

CREATE = """
CREATE TEMPORARY TABLE IF NOT EXISTS carddata_withdrawn (id bigint PRIMARY KEY, sighting_id bigint)
"""
PICK = """
INSERT INTO carddata_withdrawn (id, sighting_id)
SELECT e.id, (SELECT min(s.id) FROM carddata_cardsighting s WHERE s.event_id = e.id)
FROM carddata_cardevent e WHERE e.file_id = %s LIMIT %s
"""
HAND_OVER = """
UPDATE carddata_cardevent SET file_id = s.file_id, line = s.line
FROM carddata_withdrawn w JOIN carddata_cardsighting s ON s.id = w.sighting_id
WHERE carddata_cardevent.id = w.id
"""
DROP_USED_SIGHTINGS = """
DELETE FROM carddata_cardsighting
WHERE id IN (SELECT sighting_id FROM carddata_withdrawn WHERE sighting_id IS NOT NULL)
"""
TOUCHED = """
SELECT s.card_id FROM carddata_cardstatus s JOIN carddata_withdrawn w ON w.id = s.event_id
WHERE w.sighting_id IS NULL
"""
WITHDRAW = """
DELETE FROM carddata_cardevent
WHERE id IN (SELECT id FROM carddata_withdrawn WHERE sighting_id IS NULL)
"""


def take_back(file: PartnerFile, runner: str, tell: Progress) -> None:
    """Take back all that a file said, and end its undoing or cancelling."""
    while _take_back_events(file, runner):
        tell(file)
    while _take_back_sightings(file, runner):
        tell(file)
    _end(file, runner)
    tell(file)


def _take_back_events(file: PartnerFile, runner: str) -> int:
    with transaction.atomic():
        lock_writers()
        write(file, runner)
        with connection.cursor() as cursor:
            cursor.execute(CREATE)
            cursor.execute("DELETE FROM carddata_withdrawn")
            cursor.execute(PICK, [file.pk, BATCH])
            picked: int = cursor.rowcount
            cursor.execute(HAND_OVER)
            kept = cursor.rowcount
            cursor.execute(DROP_USED_SIGHTINGS)
            cursor.execute(TOUCHED)
            cards = [card_id for (card_id,) in cursor.fetchall()]
            cursor.execute(WITHDRAW)
            reversed_ = cursor.rowcount
            cursor.execute("DELETE FROM carddata_withdrawn")
        recompute(cards)
        _count(file, undo_reversed=reversed_, undo_kept=kept)
    return picked


def _take_back_sightings(file: PartnerFile, runner: str) -> int:
    with transaction.atomic():
        lock_writers()
        write(file, runner)
        batch = CardSighting.objects.filter(file=file).order_by("pk").values("pk")[:BATCH]
        gone, _ = CardSighting.objects.filter(pk__in=batch).delete()
        _count(file, undo_kept=gone)
    return gone


def _count(file: PartnerFile, **counts: int) -> None:
    PartnerFile.objects.filter(pk=file.pk).update(
        **{name: F(name) + count for name, count in counts.items()}
    )
    for name, count in counts.items():
        setattr(file, name, getattr(file, name) + count)


def _end(file: PartnerFile, runner: str) -> None:
    """Close the books. Rejects that this file had closed are open again."""
    with transaction.atomic():
        lock_writers()
        assert not CardEvent.objects.filter(file=file).exists()
        RejectedRow.objects.filter(closed_by_file=file).update(
            closed="", closed_at=None, closed_by_file=None
        )
        is_undo = file.state == State.UNDOING
        said = file.loaded + file.sighted
        write(
            file,
            runner,
            state=_end_state(file),
            undone_at=now(),
            finished_at=file.finished_at if is_undo else now(),
            undo_could_not=max(said - file.undo_reversed - file.undo_kept, 0),
        )
    file.refresh_from_db()


def _end_state(file: PartnerFile) -> str:
    if file.state == State.UNDOING:
        return State.UNDONE
    return State.FAILED if file.error_code else State.CANCELLED
