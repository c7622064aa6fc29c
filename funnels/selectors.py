"""Reads of funnels: report rows, totals, the export's lines, what a room's facts rest on."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import (
    Case,
    Count,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat, NullIf, TruncDate
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from conversations.models import Channel, CustomerIdentity, InboundEvent
from funnel_site.lib.batches import chunks
from funnel_site.lib.export_files import Line
from funnel_site.lib.masking import hides_phones, masked_phone
from funnel_site.lib.spreadsheet import RISKY_TEXT, SAFE_TEXT, guard
from funnels.models import Evidence, Funnel, Keyword
from funnels.report import COLUMNS, ReportQuery

EXPORT_CHUNK = 5_000
CENT = Decimal("0.01")
EXPORT_COLUMNS = (
    "leads_date",
    "channel",
    "customer__phone_number",
    "booking_date",
    "transaction_date",
    "transaction_value",
    "currency",
    "stage",
    "room__external_id",
    "cycle",
    "keyword__phrase",
    "lead_basis",
    "anomalies",
    "is_corrected",
    "updated_at",
)


PHONE_PLACE = EXPORT_COLUMNS.index("customer__phone_number")
TIME_COLUMNS = ("leads_date", "booking_date", "transaction_date", "updated_at")
TEXT_PLACES = [
    EXPORT_COLUMNS.index(name) for name in ("channel", "room__external_id", "keyword__phrase")
]


def known_channels() -> set[str]:
    """Every channel a funnel can have: those of messages and those that keywords attribute to."""
    attributed = Keyword.objects.exclude(channel="").values_list("channel", flat=True)
    return {*Channel.values, *attributed.distinct()}


def report_rows(query: ReportQuery) -> QuerySet[Funnel]:
    """The funnels of a query, without an order."""
    rows = Funnel.objects.all()
    if not query.all_cycles:
        rows = rows.filter(is_latest=True)
    rows = _within(rows, query)
    if query.channels:
        rows = rows.filter(channel__in=query.channels)
    if query.stages:
        rows = rows.filter(stage__in=query.stages)
    if query.phone:
        holders = CustomerIdentity.objects.filter(kind="phone", value=query.phone)
        rows = rows.filter(customer__in=holders.values("customer"))
    if query.updated_since:
        rows = rows.filter(updated_at__gte=query.updated_since)
    if not query.first_contacts:
        rows = rows.exclude(lead_basis=Funnel.LeadBasis.FIRST_CONTACT)
    return rows


def _within(rows: QuerySet[Funnel], query: ReportQuery) -> QuerySet[Funnel]:
    """The rows whose date of the kind asked for lies in the span asked for."""
    if query.starts_at:
        rows = rows.filter(**{f"{query.date_field}__gte": query.starts_at})
    if query.ends_at:
        rows = rows.filter(**{f"{query.date_field}__lt": query.ends_at})
    if query.date_field != "leads_date":
        rows = rows.exclude(**{query.date_field: None})
    return rows


def not_applied() -> dict[str, int]:
    """Deliveries that no report counts yet: waiting ones and dead letters."""
    counts = (
        InboundEvent.objects.filter(
            Q(state=InboundEvent.State.PENDING) | Q(state=InboundEvent.State.FAILED)
        )
        .values_list("state")
        .annotate(number=Count("pk"))
    )
    found = dict(counts)
    return {"waiting": found.get("pending", 0), "dead_letters": found.get("failed", 0)}


def report_totals(query: ReportQuery, zone: ZoneInfo) -> dict[str, Any]:
    """Leads, bookings, transactions, value and conversion: in all, per channel and per day.

    A row counts on the day of the query's date field, in `zone`. Conversion lead→booking is
    bookings ÷ leads, lead→transaction transactions ÷ leads, booking→transaction the bookings that
    paid ÷ bookings; null where there is nothing to divide by. Values are never summed across
    currencies.
    """
    groups = (
        report_rows(query)
        .annotate(day=TruncDate(query.date_field, tzinfo=zone))
        .values("day", "channel", "currency")
        .annotate(
            leads=Count("pk"),
            bookings=Count("booking_date"),
            transactions=Count("transaction_date"),
            paid_bookings=Count(
                "pk", filter=Q(booking_date__isnull=False, transaction_date__isnull=False)
            ),
            value=Sum("transaction_value"),
        )
        .order_by()
    )
    total, by_channel, by_day = Tally(), dict[str, Tally](), dict[str, Tally]()
    for group in groups:
        total.add(group)
        by_channel.setdefault(group["channel"], Tally()).add(group)
        by_day.setdefault(group["day"].isoformat(), Tally()).add(group)
    return {
        "totals": total.figures(),
        "by_channel": [
            {"channel": name, **by_channel[name].figures()} for name in sorted(by_channel)
        ],
        "by_day": [{"day": day, **by_day[day].figures()} for day in sorted(by_day)],
        "not_applied": not_applied(),
    }


class Tally:
    """Running sums of one line of the totals."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(("leads", "bookings", "transactions", "paid_bookings"), 0)
        self.values: dict[str, Decimal] = {}

    def add(self, group: Mapping[str, Any]) -> None:
        for name in self.counts:
            self.counts[name] += group[name]
        if group["value"] is not None:
            currency = group["currency"]
            self.values[currency] = self.values.get(currency, Decimal(0)) + group["value"]

    def figures(self) -> dict[str, Any]:
        leads, bookings = self.counts["leads"], self.counts["bookings"]
        return {
            "leads": leads,
            "bookings": bookings,
            "transactions": self.counts["transactions"],
            "value": {name: str(self.values[name].quantize(CENT)) for name in sorted(self.values)},
            "lead_to_booking": _share(bookings, leads),
            "booking_to_transaction": _share(self.counts["paid_bookings"], bookings),
            "lead_to_transaction": _share(self.counts["transactions"], leads),
        }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def row_of(funnel: Funnel, zone: ZoneInfo) -> dict[str, Any]:
    """One report row as JSON values; times with the site's offset, amounts as plain decimals."""
    values = (
        funnel.leads_date,
        funnel.channel,
        funnel.customer.phone_number if funnel.customer else "",
        funnel.booking_date,
        funnel.transaction_date,
        funnel.transaction_value,
        funnel.currency,
        funnel.stage,
        funnel.room.external_id,
        funnel.cycle,
        funnel.keyword.phrase if funnel.keyword else "",
        funnel.lead_basis,
        funnel.anomalies.split(),
        funnel.is_corrected,
        funnel.updated_at,
    )
    row: dict[str, Any] = dict(zip(COLUMNS, values, strict=True))
    for name in ("leads_date", "booking_date", "transaction_date", "updated_at"):
        moment = row[name]
        row[name] = moment and moment.astimezone(zone).isoformat(timespec="seconds")
    row["transaction_value"] = (
        float(funnel.transaction_value) if funnel.transaction_value is not None else None
    )
    row["phone_number"] = row["phone_number"] or None
    return row


class IsoTime(Func):
    """A time as ISO 8601 text with its offset, in the session's zone, made by PostgreSQL."""

    function = "to_char"
    template = """%(function)s(%(expressions)s, 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM')"""
    output_field = TextField()


def report_csv(query: ReportQuery, *, zone: ZoneInfo, profile: str) -> Iterator[str]:
    """The report as CSV text, a few thousand lines at a time; memory does not grow with rows.

    The profile `spreadsheet` guards text that a spreadsheet would run; `machine` alters nothing.
    On PostgreSQL the server writes the lines itself, by COPY: the same bytes, in a tenth of the time.
    """
    yield _lines([COLUMNS])
    is_copied = connection.vendor == "postgresql" and not hides_phones()
    write = _copied if is_copied else _written
    with transaction.atomic():
        yield from write(report_rows(query).order_by("-leads_date", "-pk"), zone, profile)


def _lines(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV with a newline after each, as COPY writes them.

    The writer is given both line ends, so that it quotes a text with either of them.
    """
    writer = csv.writer(Line(), lineterminator="\r\n")
    return "".join(f"{str(writer.writerow(row))[:-2]}\n" for row in rows)


def _written(rows: QuerySet[Funnel], zone: ZoneInfo, profile: str) -> Iterator[str]:
    plain = rows.values_list(*EXPORT_COLUMNS).iterator(chunk_size=EXPORT_CHUNK)
    if hides_phones():
        plain = (
            tuple(
                masked_phone(one or "") if place == PHONE_PLACE else one
                for place, one in enumerate(row)
            )
            for row in plain
        )
    cells = (_cells(row, zone) for row in plain)
    for chunk in chunks(map(_guarded, cells) if profile == "spreadsheet" else cells, EXPORT_CHUNK):
        yield _lines(chunk)


def _copied(rows: QuerySet[Funnel], zone: ZoneInfo, profile: str) -> Iterator[str]:
    made: dict[str, Any] = {f"{name}_text": IsoTime(name) for name in TIME_COLUMNS}
    made["is_corrected_text"] = Cast("is_corrected", TextField())
    for place, name in enumerate(EXPORT_COLUMNS):
        if place in TEXT_PLACES and profile == "spreadsheet":
            made[f"{name}_text"] = NullIf(_guard_in_sql(name), Value(""))
        elif name in ("customer__phone_number", "currency", "anomalies", "keyword__phrase"):
            # COPY would write an empty text as a pair of quotes.
            made[f"{name}_text"] = NullIf(F(name), Value(""))
    names = [f"{name}_text" if f"{name}_text" in made else name for name in EXPORT_COLUMNS]
    query, values = rows.annotate(**made).values_list(*names).query.sql_with_params()
    with connection.cursor() as cursor:
        # A slow reader of an export is no idle transaction.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '5min'")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone.key])
        with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)", values) as copy:
            for chunk in chunks(copy, EXPORT_CHUNK):
                yield b"".join(chunk).decode()
        # Django reads times by the zone it set; within a longer transaction it would misread them.
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [connection.timezone_name])


class FirstCode(Func):
    """The code point of a text's first character; 0 for an empty one."""

    function = "ascii"
    output_field = IntegerField()


def _guard_in_sql(name: str) -> Case:
    """What `guard` does, said in SQL; most texts begin with a letter and need no pattern."""
    first = FirstCode(F(name))
    plain = Q()
    for lowest, highest in ((48, 57), (65, 90), (97, 122)):
        plain |= Q(GreaterThanOrEqual(first, lowest)) & Q(LessThanOrEqual(first, highest))
    risky = Q(**{f"{name}__regex": RISKY_TEXT}) & ~Q(**{f"{name}__regex": SAFE_TEXT})
    return Case(
        When(plain, then=F(name)),
        When(risky, then=Concat(Value("'"), F(name))),
        default=F(name),
    )


def _guarded(row: Sequence[Any]) -> list[Any]:
    cells = list(row)
    for place in TEXT_PLACES:
        if cells[place]:
            cells[place] = guard(cells[place])
    return cells


def _cells(row: Sequence[Any], zone: ZoneInfo) -> list[Any]:
    """One row's values written as PostgreSQL writes them."""
    cells = []
    for value in row:
        if isinstance(value, datetime):
            cells.append(value.astimezone(zone).isoformat(timespec="seconds"))
        elif isinstance(value, bool):
            cells.append("true" if value else "false")
        else:
            cells.append(value)
    return cells


def room_evidence(room_id: int) -> QuerySet[Evidence]:
    """Everything that messages of a room said, also what was refused, oldest first."""
    return (
        Evidence.objects.filter(room_id=room_id, superseded_at=None)
        .select_related("keyword", "message")
        .order_by("sent_at", "pk")
    )
