"""One search box: whom a phone number, a part of a name, a card, a room or an address belongs to.

Each way of looking is one query of a few rows by an index; which ways are tried follows from what the
text can be. On PostgreSQL parts are found by the trigram indexes of conversations' migration 0005.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from carddata.card_ids import CardIdError, read_card_id
from carddata.models import CardStatus
from conversations.models import Customer, CustomerIdentity, Message, Room
from funnel_site.lib.phone import PhoneError, normalise_phone, phone_search_digits

SHOWN = 10
LONGEST = 100
SHORTEST_NUMBER = 4
SHORTEST_WORD = 3
SHORTEST_CARD = 4
SID = re.compile("(SM|MM)[0-9a-f]{32}")
ROOM_SOURCES = ("crm", Room.SESSION_SOURCE)
HINT = _(
    "Type at least 3 letters of a name, 4 digits of a number, a card id, a room id, a message id or"
    " an e-mail."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One customer, or a card of nobody we know, and why it was found."""

    customer: Customer | None
    why: str
    card: CardStatus | None = None
    room_id: int | None = None
    message_id: int | None = None


def find_customers(text: str, *, may_see_cards: bool = True) -> list[Found]:
    """At most ten customers, the surest finds first; none for what is too short to look for."""
    text = " ".join(text.replace("\x00", "").split())[:LONGEST]
    if message := _by_message(text):
        return [message]
    reasons: dict[int, tuple[str, int | None]] = {}
    for key, why, room in [*_by_number(text), *_by_room(text), *_by_address(text)]:
        reasons.setdefault(key, (why, room))
    is_sure = bool(reasons)
    cards = _cards(text) if may_see_cards else []
    owners = _owners(cards)
    for card in cards:
        if card.contact in owners:
            reasons.setdefault(
                owners[card.contact],
                (gettext("Card %(card_id)s") % {"card_id": card.card_id}, None),
            )
    # Who is found by a number, a room or an address of their own is not looked for by parts of names.
    for key, why in [] if is_sure else _by_words(text):
        reasons.setdefault(key, (why, None))
    found = _customers(reasons)
    strays = [
        Found(customer=None, why=gettext("Card of an unknown customer"), card=card)
        for card in cards
        if card.contact not in owners
    ]
    return [*found, *strays][:SHOWN]


def _customers(reasons: dict[int, tuple[str, int | None]]) -> list[Found]:
    """The customers of the keys, in their order, with `waits`: whether one awaits an answer."""
    waiting = Room.objects.filter(
        customer=OuterRef("pk"), status=Room.Status.OPEN, waiting_since__isnull=False
    )
    keys = list(reasons)[:SHOWN]
    rows = Customer.objects.filter(pk__in=keys).annotate(waits=Exists(waiting)) if keys else []
    by_key = {customer.pk: customer for customer in rows}
    return [
        Found(customer=by_key[key], why=reasons[key][0], room_id=reasons[key][1])
        for key in keys
        if key in by_key
    ]


def _by_message(text: str) -> Found | None:
    """By the id that Twilio gave a message."""
    if not SID.fullmatch(text):
        return None
    known = Message.objects.filter(source="twilio", external_id=text, customer__isnull=False)
    message = known.select_related("customer").first()
    if message is None:
        return None
    return Found(
        customer=message.customer,
        why=gettext("Message id"),
        room_id=message.room_id,
        message_id=message.pk,
    )


def _by_number(text: str) -> list[tuple[int, str, None]]:
    """By a whole number in any spelling, then by a part of one: its end, its beginning, its middle."""
    if any(letter.isalpha() for letter in text.partition(":")[2] or text):
        return []
    # As it stands inside a number, and with the zero that is dialled before one at home left out.
    as_typed = re.sub(r"\D", "", text)
    parts = {part for part in (as_typed, phone_search_digits(text)) if len(part) >= SHORTEST_NUMBER}
    if not parts:
        return []
    phones = CustomerIdentity.objects.filter(kind=CustomerIdentity.Kind.PHONE)
    keys: list[int] = []
    try:
        whole = phones.filter(value=normalise_phone(text, settings.PHONE_REGION))
        keys = list(whole.values_list("customer_id", flat=True))
    except PhoneError:
        pass
    if not keys:
        wanted = Q(pk=None)
        for part in parts:
            wanted |= Q(value__contains=part) if has_parts() else Q(value__startswith=f"+{part}")
        keys = list(phones.filter(wanted).values_list("customer_id", flat=True)[:SHOWN])
    return [(key, gettext("Phone number"), None) for key in keys]


def _by_room(text: str) -> list[tuple[int, str, int | None]]:
    if not text or " " in text:
        return []
    rooms = Room.objects.filter(
        source__in=ROOM_SOURCES, external_id=text, customer__isnull=False
    ).values_list("customer_id", "pk")
    return [
        (customer, gettext("Room %(text)s") % {"text": text}, room)
        for customer, room in rooms
        if customer
    ]


def _by_address(text: str) -> list[tuple[int, str, None]]:
    """By a whole e-mail address."""
    if "@" not in text:
        return []
    known = CustomerIdentity.objects.filter(kind=CustomerIdentity.Kind.EMAIL, value=text.lower())
    keys = list(known.values_list("customer_id", flat=True))
    keys += Customer.objects.filter(email__iexact=text).values_list("pk", flat=True)[:SHOWN]
    return [(key, gettext("E-mail"), None) for key in keys]


def _cards(text: str) -> list[CardStatus]:
    """Cards of this id, or whose ids begin so."""
    try:
        card_id = read_card_id(text)
    except CardIdError:
        return []
    if len(card_id) < SHORTEST_CARD or not any(one.isdigit() for one in card_id):
        return []
    return list(CardStatus.objects.filter(card_id__startswith=card_id).order_by("card_id")[:SHOWN])


def _owners(cards: list[CardStatus]) -> dict[str, int]:
    phones = {card.contact for card in cards if card.contact}
    if not phones:
        return {}
    kept = CustomerIdentity.objects.filter(kind=CustomerIdentity.Kind.PHONE, value__in=phones)
    return dict(kept.values_list("value", "customer_id"))


def _by_words(text: str) -> list[tuple[int, str]]:
    """By a part of a name or of an e-mail address."""
    longest = max((len(word) for word in re.findall(r"\w+", text)), default=0)
    if longest < SHORTEST_WORD or not any(letter.isalpha() for letter in text):
        return []
    how = "icontains" if has_parts() else "istartswith"
    field = "email" if {"@", "."} & set(text) else "name"
    customers = Customer.objects.filter(**{f"{field}__{how}": text}).order_by(
        "-last_seen_at", "-pk"
    )
    found = [
        (key, gettext("E-mail") if field == "email" else gettext("Name"))
        for key in customers.values_list("pk", flat=True)[:SHOWN]
    ]
    if field == "email":
        addresses = CustomerIdentity.objects.filter(
            kind=CustomerIdentity.Kind.EMAIL,
            **{f"value__{how.removeprefix('i')}": text.lower()},
        )
        found += [
            (key, gettext("E-mail"))
            for key in addresses.values_list("customer_id", flat=True)[:SHOWN]
        ]
    return found


def has_parts() -> bool:
    """Whether parts in the middle can be looked for: not on a PostgreSQL without trigrams."""
    return connection.vendor != "postgresql" or _has_trigrams(connection.settings_dict["NAME"])


@lru_cache(maxsize=8)
def _has_trigrams(database: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
        return cursor.fetchone() is not None
