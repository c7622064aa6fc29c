"""Partners, their files, what the files say of cards, and who asked. Tables and constraints only."""

from carddata.models.cards import (
    CARD_ID_LENGTH,
    PHONE_TAIL,
    CardAccess,
    CardEvent,
    CardSighting,
    CardStatus,
    CardStatusQuerySet,
)
from carddata.models.partners import (
    STATUS_CHOICES,
    Partner,
    PartnerFile,
    RejectedRow,
    profile_of,
)
from carddata.models.watching import DropEntry, StaffNotice

__all__ = [
    "CARD_ID_LENGTH",
    "PHONE_TAIL",
    "STATUS_CHOICES",
    "CardAccess",
    "CardEvent",
    "CardSighting",
    "CardStatus",
    "CardStatusQuerySet",
    "DropEntry",
    "Partner",
    "PartnerFile",
    "RejectedRow",
    "StaffNotice",
    "profile_of",
]
