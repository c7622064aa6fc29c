"""The rows behind a sum: the very contributions that the build has added up, one by one.

What a list costs does not grow with the tables: rows are added up as far as COUNTED of them, beyond
that the build's own sums are taken, and a page reads the days that its small tables name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from customer360.contributions import SALES, SIGNALS, union_of
from customer360.dialect import dialect
from customer360.models import (
    BuyerMonth,
    ChangedDay,
    CustomerProfile,
    SalesDay,
    SatisfactionDay,
)
from customer360.periods import DAY, EARLIEST, Period, complete_months
from customer360.profile_sql import MONTHS_KEPT
from customer360.selectors.answers import Built, money
from funnel_site.lib.paging import COUNTED
from funnel_site.lib.parameters import span

PAGE = 50
SALE_SUMS = """
SELECT COUNT(*), COUNT(*) FILTER (WHERE is_order = 1), COALESCE(SUM(amount), 0)
FROM (SELECT is_order, amount {matching} LIMIT %(counted)s) AS counted
"""
# Names are joined to the rows of one page only.
SALE_PAGE = """
SELECT matching.*, person.name FROM (
    SELECT customer_id, day, amount, currency, is_order, quantity, category, brand
    {matching} ORDER BY day DESC, customer_id, amount DESC, category, brand
    LIMIT %(size)s OFFSET %(offset)s
) AS matching LEFT JOIN conversations_customer person ON person.id = matching.customer_id
ORDER BY day DESC, customer_id, amount DESC, category, brand
"""
SIGNAL_SUMS = """
SELECT COUNT(*), COALESCE(SUM(score), 0) FROM (SELECT score {matching} LIMIT %(counted)s) AS counted
"""
SIGNAL_PAGE = """
SELECT matching.*, person.name FROM (
    SELECT customer_id, day, score {matching} ORDER BY day DESC, customer_id, score
    LIMIT %(size)s OFFSET %(offset)s
) AS matching LEFT JOIN conversations_customer person ON person.id = matching.customer_id
ORDER BY day DESC, customer_id, score
"""
# The newest day on which so many rows are reached.
REACHED = """
SELECT day FROM (
    SELECT day, SUM(SUM({number})) OVER (ORDER BY day DESC) AS so_far
    FROM {table} WHERE day BETWEEN %(first)s AND %(last)s{wanted} GROUP BY day
) AS counted WHERE so_far >= %(rows)s ORDER BY day DESC LIMIT 1
"""
KINDS = {0: _("Refund"), 1: _("Purchase"), 2: _("Further amount")}
SALE_COLUMNS = (
    "day",
    "customer_id",
    "name",
    "kind",
    "category",
    "brand",
    "quantity",
    "currency",
    "amount",
)
SIGNAL_COLUMNS = ("day", "customer_id", "name", "score")
AT_ONCE = 2_000
# SQL has no word for "without a limit" that both databases know.
ALL = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class RowQuery:
    """Which rows are wanted; None means whichever."""

    period: Period
    category: str | None = None
    currency: str | None = None
    customer_id: int | None = None
    score: int | None = None

    @property
    def key(self) -> str:
        """What is asked for, short, for the name of a file."""
        asked = f"{self.category}|{self.currency}|{self.customer_id}|{self.score}"
        return f"{self.period.key}-{sha256(asked.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One page of rows, and what all of them add up to.

    Of more than COUNTED rows `is_more` is true, `count` is COUNTED where the build does not know it,
    and the sums are the build's. `differs` says that rows have come or changed since the build.
    """

    count: int
    orders: int = 0
    total: Decimal = Decimal(0)
    page: list[dict[str, Any]]
    is_more: bool = False
    differs: bool = False


def sale_rows(query: RowQuery, built: Built, *, page: int = 1, size: int = PAGE) -> Rows:
    """Purchases, refunds and paid funnels, the newest first; their sum is the revenue."""
    if built.as_of is None:
        return Rows(count=0, page=[])
    values, matching = _parameters(query, built.as_of), _matching_sales(query)
    # Without people's records the sums are read from the index of days.
    added_up = _matching_sales(query, people=query.customer_id is not None)
    count, orders, cents = _fetch(SALE_SUMS.format(matching=added_up), values)[0]
    figure = (0, Decimal(0)) if query.customer_id is not None else figure_of("sales", query)
    wanted = "".join(
        f" AND {name} = %(wanted_{name})s"
        for name in ("category", "currency")
        if getattr(query, name) is not None
    )
    reached = REACHED.format(
        table=SalesDay._meta.db_table, number="orders + refunds", wanted=wanted
    )
    found = _page(SALE_PAGE.format(matching=matching), reached, values, page=page, size=size)
    is_more, has_news, own = count > COUNTED, has_changed(query), (orders, _amount(cents))
    return Rows(
        count=min(count, COUNTED),
        orders=figure[0] if is_more else orders,
        total=figure[1] if is_more else own[1],
        page=[_sale(row) for row in found],
        is_more=is_more,
        differs=has_news if is_more else figure != own,
    )


def signal_rows(query: RowQuery, built: Built, *, page: int = 1, size: int = PAGE) -> Rows:
    """Satisfaction signals, the newest first; `total` is the sum of their scores."""
    if built.as_of is None:
        return Rows(count=0, page=[])
    values, matching = _parameters(query, built.as_of), _matching_signals(query)
    count, total = _fetch(SIGNAL_SUMS.format(matching=matching), values)[0]
    figure = figure_of("signals", query)
    wanted = " AND score = %(wanted_score)s" if query.score is not None else ""
    reached = REACHED.format(table=SatisfactionDay._meta.db_table, number="signals", wanted=wanted)
    found = _page(SIGNAL_PAGE.format(matching=matching), reached, values, page=page, size=size)
    is_more, has_news, own = count > COUNTED, has_changed(query), (count, Decimal(total))
    return Rows(
        count=figure[0] if is_more else count,
        total=figure[1] if is_more else own[1],
        page=[_signal(row) for row in found],
        is_more=is_more,
        differs=has_news if is_more else figure != own,
    )


# The small tables count everybody: of one customer the few rows are read as they are.
def _page(
    statement: str, reached: str, values: dict[str, Any], *, page: int, size: int
) -> list[tuple[Any, ...]]:
    """A page of rows, read from the days that it reaches to by the build's count.

    Where rows have gone since the build, those days do not fill it, and all days are read.
    """
    wanted = {**values, "size": size, "offset": (page - 1) * size, "rows": page * size}
    if values["customer_id"] is not None:
        return _fetch(statement, wanted)
    day = next((_day(row[0]) for row in _fetch(reached, wanted)), None)
    if day is not None:
        found = _fetch(statement, {**wanted, **_days(day, _day(values["last"]))})
        if len(found) == size:
            return found
    return _fetch(statement, wanted)


def has_changed(query: RowQuery) -> bool:
    """Whether anything of the days asked for waits for the next build."""
    return ChangedDay.objects.filter(day__range=(query.period.first, query.period.last)).exists()


def every_row(kind: str, query: RowQuery, built: Built) -> Iterator[dict[str, Any]]:
    """All rows of a list in its order, a few thousand at a time, for a file."""
    if built.as_of is None:
        return
    statement, matching, made = {
        "sales": (SALE_PAGE, _matching_sales, _sale),
        "signals": (SIGNAL_PAGE, _matching_signals, _signal),
    }[kind]
    values = {**_parameters(query, built.as_of), "size": ALL, "offset": 0}
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement.format(matching=matching(query)), values)
        while some := cursor.fetchmany(AT_ONCE):
            yield from (made(row) for row in some)


def figure_of(kind: str, query: RowQuery) -> tuple[int, Decimal]:
    """What the build says of these rows: orders and revenue, or signals and the sum of scores."""
    days = {"day__range": (query.period.first, query.period.last)}
    if kind == "signals":
        found = SatisfactionDay.objects.filter(**days)
        if query.score is not None:
            found = found.filter(score=query.score)
        sums = found.aggregate(number=Sum("signals"), total=Sum(F("signals") * F("score")))
        return sums["number"] or 0, Decimal(sums["total"] or 0)
    wanted = {name: getattr(query, name) for name in ("category", "currency")}
    asked = {name: value for name, value in wanted.items() if value is not None}
    sums = SalesDay.objects.filter(**days, **asked).aggregate(
        number=Sum("orders"), total=Sum("revenue")
    )
    return sums["number"] or 0, money(sums["total"])


def _matching_sales(query: RowQuery, *, people: bool = True) -> str:
    conditions = ["day BETWEEN %(first)s AND %(last)s"]
    for name in ("category", "currency"):
        if getattr(query, name) is not None:
            conditions.append(f"{name} = %(wanted_{name})s")
    sales = union_of(SALES, dialect(), only=_only(query), people=people, within=dialect().within)
    return f"FROM ({sales}) AS sale WHERE {' AND '.join(conditions)}"


def _matching_signals(query: RowQuery) -> str:
    signals = union_of(SIGNALS, dialect(), only=_only(query), within=dialect().within)
    matching = f"FROM ({signals}) AS signal WHERE day BETWEEN %(first)s AND %(last)s"
    return matching + (" AND score = %(wanted_score)s" if query.score is not None else "")


def _sale(row: tuple[Any, ...]) -> dict[str, Any]:
    names = ("customer_id", "day", "amount", "currency", "is_order", "quantity", "category")
    one = dict(zip((*names, "brand", "name"), row, strict=True))
    kind = KINDS[one["is_order"]]
    return {**one, "day": _day(one["day"]), "amount": _amount(one["amount"]), "kind": kind}


def _signal(row: tuple[Any, ...]) -> dict[str, Any]:
    number, day, score, name = row
    return {"customer_id": number, "day": _day(day), "score": score, "name": name}


def month_rows(period: Period, built: Built) -> list[dict[str, Any]]:
    """The whole months of the period: buyers of the month before, and how many of them came back."""
    first, end = complete_months(period.until(built.as_of) if built.as_of else period)
    buyers = dict(BuyerMonth.objects.values_list("month", "buyers"))
    rows = []
    for month, number, kept in (
        BuyerMonth.objects.filter(month__gte=first, month__lt=end)
        .order_by("-month")
        .values_list("month", "buyers", "kept_buyers")
    ):
        base = buyers.get(_back(month), 0)
        rows.append({"month": month, "base": base, "buyers": number, "kept": kept})
    return rows


def kept_in(month: date, as_of: date) -> QuerySet[CustomerProfile]:
    """The profiles that bought in this month and in the one before, by their bits of months."""
    ago = (as_of.year - month.year) * 12 + as_of.month - month.month
    if not 0 <= ago < MONTHS_KEPT:
        return CustomerProfile.objects.none()
    both = (1 << ago) | (1 << (ago + 1))
    return CustomerProfile.objects.annotate(of_both=F("purchase_months").bitand(both)).filter(
        of_both=both
    )


def _back(month: date) -> date:
    year, number = (month.year, month.month - 1) if month.month > 1 else (month.year - 1, 12)
    return date(year, number, 1)


def _only(query: RowQuery) -> str:
    return "SELECT %(customer_id)s" if query.customer_id is not None else ""


def _parameters(query: RowQuery, as_of: date) -> dict[str, Any]:
    return {
        "as_of": as_of.isoformat(),
        "zone": settings.TIME_ZONE,
        "currency": settings.CURRENCY,
        "counted": COUNTED + 1,
        **_days(query.period.first, min(query.period.last, as_of)),
        "wanted_category": query.category,
        "wanted_currency": query.currency,
        "wanted_score": query.score,
        "customer_id": query.customer_id,
    }


def _days(first: date, last: date) -> dict[str, Any]:
    """From which day to which, as days and as moments."""
    # Some hours before the first day of all would be no time at all.
    starts_at, ends_at = span(max(first, EARLIEST + DAY), last, ZoneInfo(settings.TIME_ZONE))
    return {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "starts_at": starts_at,
        "ends_at": ends_at,
    }


def _amount(cents: Any) -> Decimal:
    """Contributions come in whole cents."""
    return money(Decimal(cents) / 100)


def _day(value: Any) -> date:
    """SQLite hands a computed day over as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _fetch(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
