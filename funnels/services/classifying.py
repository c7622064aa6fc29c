"""From stored messages to evidence: what each says about a sale, under today's keywords."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings

from conversations.models import Message
from funnel_site.lib.batches import insert_rows
from funnels.classification import RULES_VERSION, Finding, MessageFacts, classify
from funnels.matching import Matcher, Phrase
from funnels.models import Evidence, Keyword, KeywordSync
from funnels.services.rebuilding import rebuild_funnels
from funnels.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordSet:
    """The keywords in force, ready to match."""

    version: int
    matcher: Matcher
    channels: dict[int, str]


def current_keywords() -> KeywordSet:
    """The keywords in force. Built once a version and process; one small query each time."""
    latest = (
        KeywordSync.objects.exclude(version=None)
        .order_by("-version")
        .values_list("version", "fingerprint")
        .first()
    )
    version, fingerprint = latest or (0, "")
    return _keyword_set(version, fingerprint)


@lru_cache(maxsize=4)
def _keyword_set(version: int, fingerprint: str) -> KeywordSet:
    keywords = list(Keyword.objects.filter(is_active=True)) if fingerprint else []
    return keyword_set(keywords, version=version)


def keyword_set(keywords: Iterable[Keyword], *, version: int) -> KeywordSet:
    """Keywords made ready to match."""
    rows = list(keywords)
    phrases = [
        Phrase(
            id=row.pk,
            stage=Stage(row.stage),
            text=row.phrase,
            channel=row.channel,
            mode=row.mode,
        )
        for row in rows
    ]
    return KeywordSet(
        version=version,
        matcher=Matcher(phrases),
        channels={row.pk: row.channel for row in rows},
    )


def classify_messages(*, messages: Sequence[Message]) -> int:
    """Store the evidence of new messages and project their rooms; returns how much was found."""
    evidence = find_evidence(messages, current_keywords())
    insert_rows(evidence)
    speaking = {row.room_id for row in evidence}
    rebuild_funnels(
        rooms={
            message.room_id: message.room
            for message in messages
            if message.room_id in speaking or message.room.lead_may_change
        }
    )
    return len(evidence)


def find_evidence(messages: Sequence[Message], keywords: KeywordSet) -> list[Evidence]:
    """What the messages say, not yet stored."""
    zone = ZoneInfo(settings.TIME_ZONE)
    return [
        _evidence(message, finding, keywords)
        for message in messages
        for finding in classify(
            _facts(message, zone), keywords.matcher, agents_confirm=settings.AGENTS_CONFIRM
        )
        if not message.is_for_bot or _is_a_campaign(message, finding, keywords)
    ]


def _is_a_campaign(message: Message, finding: Finding, keywords: KeywordSet) -> bool:
    """Whether what was said to the bot opens a sale all the same.

    A greeting, or a review that speaks of having paid, does not; an advertisement does, and so does
    a keyword that stands for where customers come from.
    """
    if finding.stage is not Stage.OPENING or finding.keyword_id is None:
        return False
    return "referral" in message.details or bool(keywords.channels.get(finding.keyword_id))


def _facts(message: Message, zone: ZoneInfo) -> MessageFacts:
    stated = message.stated
    if not stated:
        return MessageFacts(
            sender=message.sender,
            text=message.body,
            sent_at=message.sent_at,
            zone=zone,
            currency=settings.CURRENCY,
        )
    value = stated.get("transaction_value")
    return MessageFacts(
        sender=message.sender,
        text=message.body,
        sent_at=message.sent_at,
        zone=zone,
        currency=settings.CURRENCY,
        stated_booking=_moment(stated.get("booking_date")),
        stated_transaction=_moment(stated.get("transaction_date")),
        stated_value=None if value is None else Decimal(value),
        stated_currency=stated.get("currency", ""),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _evidence(message: Message, finding: Finding, keywords: KeywordSet) -> Evidence:
    attributed = keywords.channels.get(finding.keyword_id, "") if finding.keyword_id else ""
    return Evidence(
        message_id=message.pk,
        room_id=message.room_id,
        stage=finding.stage.value,
        basis=finding.basis.value,
        words=finding.words[:200],
        keyword_id=finding.keyword_id,
        channel=message.stated.get("lead_channel") or attributed,
        keyword_version=keywords.version,
        rule_version=RULES_VERSION,
        sent_at=message.sent_at,
        external_id=message.external_id,
        says_at=finding.says_at,
        value=finding.value,
        currency=finding.currency if finding.value is not None else "",
        negated=finding.negated,
        restates=finding.restates,
        overruled=finding.overruled,
        doubt=finding.doubt[:40],
    )
