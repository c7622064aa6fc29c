"""Which keys say who somebody is, and whose a WhatsApp user id is. Pure: no database, no clock.

The rules depend on the set of what was seen and never on the order in which it came in.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

PHONE, USER, EMAIL = "phone", "whatsapp_user", "email"
NO_LETTER_OR_DIGIT = re.compile(r"[\W_]+")
NOBODY = frozenset(
    {"null", "none", "nil", "undefined", "unknown", "anonymous", "n/a", "na", "test"}
)
TEST_BOXES = frozenset(
    {"test", "tes", "testing", "tester", "none", "noemail", "no-email", "example"}
)
TEST_DOMAINS = ("example.com", "example.org", "example.net", "test.com", "mailinator.com")
TEST_ENDINGS = (".test", ".example", ".invalid", ".localhost")
FEWEST_REPEATED = 5


class Pairing(NamedTuple):
    """The first message that showed a user id together with a phone number."""

    at: datetime
    phone: str


def names_nobody(kind: str, value: str) -> bool:
    """Whether a value stands in forms and systems for "nothing", so that it joins nobody.

    Reserved test domains are those of RFC 2606.

    >>> names_nobody("phone", "0000000"), names_nobody("whatsapp_user", "-")
    (True, True)
    >>> names_nobody("email", "test@shop.id"), names_nobody("email", "ayu@shop.id")
    (True, False)
    """
    plain = value.strip().casefold()
    if not plain or plain in NOBODY or NO_LETTER_OR_DIGIT.fullmatch(plain):
        return True
    if kind == EMAIL:
        box, _, domain = plain.rpartition("@")
        return (
            box.split("+")[0] in TEST_BOXES
            or domain in TEST_DOMAINS
            or domain.endswith(TEST_ENDINGS)
        )
    digits = plain.lstrip("+")
    return len(digits) >= FEWEST_REPEATED and len(set(digits)) == 1


def within_limit(pairings: Mapping[str, Pairing], limit: int) -> dict[str, str]:
    """The phone number whose customer each user id is; ids beyond a number's limit are left out.

    A user id is of the number that it was first seen with, by the time of the messages, ties by
    number. Of the ids of one number the `limit` first ones are its customer's; the others stay
    alone until staff decide.

    >>> from datetime import UTC, datetime
    >>> day = datetime(2025, 4, 1, tzinfo=UTC)
    >>> within_limit({"ID.2": Pairing(day, "+1"), "ID.1": Pairing(day, "+1")}, 1)
    {'ID.1': '+1'}
    """
    by_phone: dict[str, list[tuple[datetime, str]]] = {}
    for user, pairing in pairings.items():
        by_phone.setdefault(pairing.phone, []).append((pairing.at, user))
    return {user: phone for phone, users in by_phone.items() for _, user in sorted(users)[:limit]}
