"""What the funnel report may be asked: its parameters, read once, each wrong one named."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import QueryDict

from funnel_site.lib.masking import refuse_search_by_person
from funnel_site.lib.parameters import Parameters, span
from funnel_site.lib.phone import PhoneError, normalise_phone
from funnel_site.lib.problems import Problem
from funnels.stages import Stage

CHANNEL = re.compile(r"[^\x00-\x1f\x7f]{1,32}")
PAGE_SIZE = 100
LARGEST_PAGE = 1_000

SEED_COLUMNS = (
    "leads_date",
    "channel",
    "phone_number",
    "booking_date",
    "transaction_date",
    "transaction_value",
)
FURTHER_COLUMNS = (
    "currency",
    "stage",
    "room_id",
    "cycle",
    "keyword",
    "lead_basis",
    "anomalies",
    "is_corrected",
    "updated_at",
)
COLUMNS = SEED_COLUMNS + FURTHER_COLUMNS
DATE_FIELDS = ("leads_date", "booking_date", "transaction_date")
PROFILES = ("spreadsheet", "machine")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """The rows that are wanted. `starts_at` is within, `ends_at` is not."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    date_field: str = "leads_date"
    channels: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    phone: str = ""
    updated_since: datetime | None = None
    all_cycles: bool = False
    first_contacts: bool = True

    @property
    def digest(self) -> str:
        """What a cursor is bound to, and what an export's file name tells apart."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """A query and how its answer is wanted."""

    query: ReportQuery
    cursor: str
    page_size: int
    format: str
    profile: str
    totals: bool


KNOWN = frozenset(
    {
        "date_from",
        "date_to",
        "date_field",
        "channel",
        "stage",
        "phone",
        "updated_since",
        "all_cycles",
        "first_contacts",
        "cursor",
        "page_size",
        "format",
        "profile",
        "totals",
    }
)
REPEATABLE = frozenset({"channel", "stage"})


def read_request(given: QueryDict, *, zone: ZoneInfo, region: str) -> ReportRequest:
    """The report that is asked for; raises Problem naming the parameter."""
    parameters = Parameters(given, repeatable=REPEATABLE, known=KNOWN)
    starts_at, ends_at = _span(parameters, zone)
    query = ReportQuery(
        starts_at=starts_at,
        ends_at=ends_at,
        date_field=parameters.choice("date_field", DATE_FIELDS, default="leads_date"),
        channels=_channels(given),
        stages=_stages(given),
        phone=_phone(parameters, region),
        updated_since=parameters.moment("updated_since", zone),
        all_cycles=parameters.flag("all_cycles", default=False),
        first_contacts=parameters.flag("first_contacts", default=True),
    )
    return ReportRequest(
        query=query,
        cursor=parameters.text("cursor"),
        page_size=parameters.whole_number("page_size", default=PAGE_SIZE, most=LARGEST_PAGE),
        format=parameters.choice("format", ("json", "csv"), default="json"),
        profile=parameters.choice("profile", PROFILES, default="spreadsheet"),
        totals=parameters.flag("totals", default=True),
    )


def _span(parameters: Parameters, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    return span(*parameters.days(), zone)


def _channels(given: QueryDict) -> tuple[str, ...]:
    """The channels asked for; several are a union."""
    channels = tuple(sorted(set(given.getlist("channel"))))
    for channel in channels:
        if not CHANNEL.fullmatch(channel):
            raise Problem(400, "unknown", "There is no such channel.", field="channel")
    return channels


def _stages(given: QueryDict) -> tuple[str, ...]:
    names = {"lead": Stage.OPENING.value} | {stage.value: stage.value for stage in Stage}
    wanted = given.getlist("stage")
    for name in wanted:
        if name not in names:
            raise Problem(400, "unknown", "Not one of: lead, booking, transaction.", field="stage")
    return tuple(sorted({names[name] for name in wanted}))


def _phone(parameters: Parameters, region: str) -> str:
    text = parameters.text("phone")
    if not text:
        return ""
    refuse_search_by_person("phone")
    if text.startswith(" "):
        # A plus sign that was not escaped in the address.
        text = f"+{text[1:]}"
    try:
        return normalise_phone(text, region)
    except PhoneError as error:
        raise Problem(400, "invalid_phone", str(error), field="phone") from error
