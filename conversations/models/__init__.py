"""Customers, rooms, messages, our lines, and the inbox they come from. Tables and constraints only."""

from conversations.models.channels import Channel
from conversations.models.desk import (
    CannedAnswer,
    Label,
    Macro,
    Note,
    NoteRevision,
    Presence,
    SavedFilter,
    Team,
)
from conversations.models.inbox import DrainAttempt, InboundEvent, RawFile
from conversations.models.people import (
    Consent,
    Customer,
    CustomerIdentity,
    IdentityChange,
    SharedValue,
)
from conversations.models.rooms import Message, MessageQuerySet, Room, Sender
from conversations.models.whatsapp import (
    Attachment,
    ErrorMeaning,
    Language,
    Line,
    MessageTemplate,
    ParkedStatus,
    Referral,
    Sending,
    SignatureRefusal,
)

__all__ = [
    "Attachment",
    "CannedAnswer",
    "Channel",
    "Consent",
    "Customer",
    "CustomerIdentity",
    "DrainAttempt",
    "ErrorMeaning",
    "IdentityChange",
    "InboundEvent",
    "Label",
    "Language",
    "Line",
    "Macro",
    "Message",
    "MessageQuerySet",
    "MessageTemplate",
    "Note",
    "NoteRevision",
    "ParkedStatus",
    "Presence",
    "RawFile",
    "Referral",
    "Room",
    "SavedFilter",
    "Sender",
    "Sending",
    "SharedValue",
    "SignatureRefusal",
    "Team",
]
