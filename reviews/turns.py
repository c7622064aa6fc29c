"""The values of the review dialogue: where it stands, what was said, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from reviews.products import NOTHING_FOUND, Found, Offer


class Step(StrEnum):
    """What the customer's next message answers."""

    START = "start"
    ASK_MEANT = "ask_meant"
    ASK_NAME = "ask_name"
    ASK_REVIEW = "ask_review"
    ASK_RATING = "ask_rating"
    ASK_RESUME = "ask_resume"
    FINISH = "finish"


class Ending(StrEnum):
    """Why a dialogue is over."""

    FINISHED = "finished"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """Where a dialogue stands, with the answers so far."""

    step: Step = Step.START
    product: str = ""
    """As it was typed."""
    meant: Offer | None = None
    """The product of the catalogue that it is."""
    offered: tuple[Offer, ...] = ()
    """Those among which the customer has not chosen yet."""
    name: str = ""
    review: str = ""
    rating: int | None = None
    misses: int = 0
    touched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of the customer."""

    text: str
    """Without control characters; empty where it had no words of its own."""
    at: datetime
    has_media: bool = False
    media_words: str = ""
    """What stands for a picture or a film that may be a review without words; "" for a voice note."""
    profile_name: str = ""
    payload: str = ""
    """The id of the button that was pressed."""
    found: Found = NOTHING_FOUND
    """What the catalogue has for the text."""
    is_opted_out: bool = False
    """Whether the customer had opted out before this message."""
    is_answered: bool = False
    """Whether Twilio itself has answered it, as its Advanced Opt-Out does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the bot behaves on the line that was written to."""

    starts: str = "always"
    """`always`, `keyword`, `invited`, or `never`."""
    start_words: frozenset[str] = frozenset()
    """Casefolded, each a whole message."""
    is_invited: bool = False
    asks_rating: bool = False
    lifetime: timedelta = timedelta(hours=24)
    joins_within: timedelta = timedelta(0)
    """What follows a review so soon is more of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the bot says: a name from `wording`, and what fills its placeholders."""

    key: str
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    question: str = ""
    """The name of the question that stands in `{question}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What comes of a message: the dialogue as it now stands (None: there is none), and the reply."""

    dialogue: Dialogue | None
    reply: Reply | None = None
    ended: Ending | None = None
    """How the dialogue that was going on before the message ended."""

    @property
    def is_taken(self) -> bool:
        """Whether the message is part of a dialogue: it began one, went on with it or ended it."""
        ended = self.ended not in (None, Ending.EXPIRED)
        return ended or self.dialogue is not None or self.reply is not None
