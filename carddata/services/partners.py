"""Partners as rows: the known ones, and what a mended status map says of events already stored."""

import json
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from carddata.models import CardEvent, Partner, profile_of
from carddata.profiles import check_profile
from carddata.rows import status_reader
from carddata.services.current import recompute
from carddata.services.loading import lock_writers
from carddata.statuses import Status

KNOWN = Path(__file__).resolve().parent.parent / "known_partners.json"
BATCH = 5_000


def configure_partners() -> int:
    """Add the known partners that are missing by name; returns how many were. What is there stays."""
    made = 0
    for values in json.loads(KNOWN.read_text(encoding="utf-8")):
        _, is_new = Partner.objects.get_or_create(name=values["name"], defaults=values)
        made += is_new
    return made


def save_partner(*, partner: Partner) -> Partner:
    """Store a partner whose settings can work; raises ProfileError naming the field to mend."""
    check_profile(profile_of(partner))
    partner.save()
    return partner


def unknown_words(partner_id: int) -> list[dict[str, Any]]:
    """The partner's words that its map lacks, `word` and `events`, the most frequent first."""
    events = CardEvent.objects.filter(file__partner_id=partner_id, status=Status.UNKNOWN)
    words = events.values_list("word").annotate(events=Count("pk")).order_by("-events", "word")
    return [{"word": word, "events": count} for word, count in words[:200]]


def apply_partner(*, partner_id: int, file_id: int | None = None) -> int:
    """Give the partner's stored events, or those of one file, the status and weight that its settings now say.

    Returns how many events changed. Their cards' current statuses follow. In batches, each a
    transaction; doing it again changes nothing more.
    """
    profile = profile_of(Partner.objects.get(pk=partner_id))
    read = status_reader(profile)
    events = CardEvent.objects.filter(file__partner_id=partner_id)
    if file_id is not None:
        events = events.filter(file_id=file_id)
    changed = 0
    for word in events.order_by().values_list("word", flat=True).distinct():
        status, weight = read(word)
        other = events.filter(word=word).exclude(Q(status=status) & Q(weight=weight))
        while moved := _move(other, status, weight):
            changed += moved
    return changed


def _move(other: QuerySet[CardEvent], status: str, weight: int) -> int:
    with transaction.atomic():
        lock_writers()
        batch = dict(other.order_by("pk").values_list("pk", "card_id")[:BATCH])
        CardEvent.objects.filter(pk__in=batch.keys()).update(status=status, weight=weight)
        recompute(sorted(set(batch.values())))
    return len(batch)
