"""What the list of reviews may be asked: its parameters, read once, each wrong one named."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import QueryDict

from funnel_site.lib.masking import refuse_search_by_person
from funnel_site.lib.parameters import Parameters
from funnel_site.lib.phone import PhoneError, normalise_phone
from funnel_site.lib.problems import Problem

PAGE_SIZE = 100
LARGEST_PAGE = 1_000
LONGEST_WORDS = 200
MOST_STARS = 5
SHOWN = ("published", "pending")
KNOWN = frozenset(
    {
        "q",
        "product",
        "contact_number",
        "status",
        "moderation",
        "min_rating",
        "max_rating",
        "created_after",
        "created_before",
        "cursor",
        "page_size",
    }
)
REPEATABLE = frozenset({"status", "moderation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewQuery:
    """The reviews that are wanted. `created_after` is within, `created_before` is not.

    `words` and `product` are looked for literally, in any case; `contact` is an E.164 number.
    """

    words: str = ""
    product: str = ""
    contact: str = ""
    statuses: tuple[str, ...] = ()
    moderation: tuple[str, ...] = SHOWN
    min_rating: int | None = None
    max_rating: int | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    @property
    def digest(self) -> str:
        """What a cursor is bound to."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRequest:
    """A query, and the page that is wanted; without a page size the whole as a plain list."""

    query: ReviewQuery
    cursor: str
    page_size: int | None


def read_request(
    given: QueryDict,
    *,
    zone: ZoneInfo,
    region: str,
    statuses: frozenset[str],
    moderation: frozenset[str],
) -> ReviewRequest:
    """The list that is asked for; raises Problem naming the parameter.

    `statuses` and `moderation` are the words that the caller may ask for.
    """
    parameters = Parameters(given, repeatable=REPEATABLE, known=KNOWN)
    query = ReviewQuery(
        words=_words(parameters, "q"),
        product=_words(parameters, "product"),
        contact=_contact(parameters, region),
        statuses=_choices(given, "status", statuses),
        moderation=_choices(given, "moderation", moderation) or SHOWN,
        min_rating=_stars(parameters, "min_rating"),
        max_rating=_stars(parameters, "max_rating"),
        created_after=parameters.moment("created_after", zone),
        created_before=parameters.moment("created_before", zone),
    )
    is_paged = "page_size" in given or "cursor" in given
    return ReviewRequest(
        query=query,
        cursor=parameters.text("cursor"),
        page_size=parameters.whole_number("page_size", default=PAGE_SIZE, most=LARGEST_PAGE)
        if is_paged
        else None,
    )


def _words(parameters: Parameters, name: str) -> str:
    text = parameters.text(name)
    if len(text) > LONGEST_WORDS:
        raise Problem(400, "too_long", f"At most {LONGEST_WORDS} characters.", field=name)
    return text


def _contact(parameters: Parameters, region: str) -> str:
    # A + that was not encoded arrives as a blank.
    text = parameters.text("contact_number").replace(": ", ":+")
    if not text:
        return ""
    refuse_search_by_person("contact_number")
    text = f"+{text.lstrip()}" if text.startswith(" ") else text
    try:
        return normalise_phone(text, region)
    except PhoneError as error:
        raise Problem(400, "invalid_phone", str(error), field="contact_number") from error


def _choices(given: QueryDict, name: str, allowed: frozenset[str]) -> tuple[str, ...]:
    wanted = tuple(sorted(set(given.getlist(name))))
    if not set(wanted) <= allowed:
        known = ", ".join(sorted(allowed))
        raise Problem(400, "unknown", f"Not one of: {known}.", field=name)
    return wanted


def _stars(parameters: Parameters, name: str) -> int | None:
    if not parameters.text(name):
        return None
    return parameters.whole_number(name, default=1, most=MOST_STARS)
