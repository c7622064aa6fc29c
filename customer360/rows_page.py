"""The lists behind the dashboard's sums: purchases, satisfaction signals, and months of retention.

Each list says what its rows add up to. Where that is not the build's figure, rows have come since the
build, and it says so; a very long list takes the build's figure itself.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.timezone import now
from django.utils.translation import gettext

from customer360.dashboard import may_view, period_of
from customer360.periods import Period
from customer360.selectors.answers import Built, current_build, one_snapshot
from customer360.selectors.rows import (
    PAGE,
    SALE_COLUMNS,
    SIGNAL_COLUMNS,
    RowQuery,
    Rows,
    every_row,
    month_rows,
    sale_rows,
    signal_rows,
)
from funnel_site.lib.masking import COLUMNS, is_masked
from funnel_site.lib.money import shown_count, shown_percent
from funnel_site.lib.paging import COUNTED
from funnel_site.lib.parameters import Parameters
from funnel_site.lib.problems import Problem
from funnel_site.lib.spreadsheet import guard

PERIOD = "admin/customer360/period.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for; all rows, with a word of what is wrong, where it cannot be read."""

    query: RowQuery
    page: int = 1
    is_file: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page of such a list, ready to be shown."""

    kind: str
    title: str
    what: str
    facts: list[tuple[str, str]]
    rows: Rows
    built: Built
    columns: tuple[str, ...] = field(default=())


def sales_page(request: HttpRequest, model_admin: Any) -> HttpResponse | StreamingHttpResponse:
    """Purchases, refunds and paid funnels of a period, category and currency, with their sum."""
    may_view(request, model_admin)
    asked = _asked(request, {"category", "currency"})
    query = asked.query
    if asked.is_file:
        return _file(request, model_admin, "sales", query, SALE_COLUMNS)
    with one_snapshot():
        built = current_build()
        rows = sale_rows(query, built, page=asked.page)
    what: list[str] = [render_to_string(PERIOD, {"period": query.period})]
    if query.category is not None:
        what.append(query.category or gettext("no category"))
    if query.currency is not None:
        what.append(query.currency)
    facts = [
        (gettext("Rows"), f"{shown_count(rows.count)}{'+' if rows.is_more else ''}"),
        (gettext("Orders"), shown_count(rows.orders)),
        (
            gettext("Revenue"),
            f"{rows.total:,.2f}" if query.currency else gettext("choose a currency"),
        ),
    ]
    if query.currency and rows.orders:
        facts.append((gettext("Average order value"), f"{rows.total / rows.orders:,.2f}"))
    sheet = Sheet(
        kind="sales",
        title=gettext("Purchases"),
        what=" · ".join(what),
        facts=facts,
        rows=rows,
        built=built,
    )
    return _rows_page(request, model_admin, sheet, asked)


def signals_page(request: HttpRequest, model_admin: Any) -> HttpResponse | StreamingHttpResponse:
    """Satisfaction signals of a period and score, with their mean."""
    may_view(request, model_admin)
    asked = _asked(request, {"score"})
    query = asked.query
    if asked.is_file:
        return _file(request, model_admin, "signals", query, SIGNAL_COLUMNS)
    with one_snapshot():
        built = current_build()
        rows = signal_rows(query, built, page=asked.page)
    what: list[str] = [render_to_string(PERIOD, {"period": query.period})]
    if query.score is not None:
        what.append(gettext("score %(score)s") % {"score": query.score})
    mean = number_format(rows.total / rows.count, 2) if rows.count else "–"
    sheet = Sheet(
        kind="signals",
        title=gettext("Satisfaction"),
        what=" · ".join(what),
        facts=[(gettext("Signals"), shown_count(rows.count)), (gettext("Mean score"), mean)],
        rows=rows,
        built=built,
    )
    return _rows_page(request, model_admin, sheet, asked)


def retention_page(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """The whole months of a period: who bought in the month before, and who of them came back."""
    may_view(request, model_admin)
    with one_snapshot():
        built = current_build()
        period, trouble = period_of(request.GET, built)
        months = month_rows(period, built)
    base, kept = (sum(row[name] for row in months) for name in ("base", "kept"))
    profiles = reverse("admin:customer360_customerprofile_changelist")
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Retention by month"),
        "built": built,
        "period": period,
        "trouble": trouble,
        "months": [
            {**row, "link": f"{profiles}?kept_in={row['month'].isoformat()}"} for row in months
        ],
        "base": base,
        "kept": kept,
        "rate": shown_percent(100 * kept / base if base else None),
        "back": reverse("admin:customer360_dashboard"),
    }
    return TemplateResponse(
        request, "admin/customer360/retention.html", context, status=400 if trouble else 200
    )


def _asked(request: HttpRequest, named: set[str]) -> Asked:
    filled = QueryDict(mutable=True)
    filled.update({name: str(value) for name, value in request.GET.items() if value})
    known = frozenset({"date_from", "date_to", "page", "format", *named})
    try:
        parameters = Parameters(filled, repeatable=frozenset(), known=known)
        date_from, date_to = parameters.days()
        score = parameters.whole_number("score", default=1, most=10) if "score" in filled else None
        query = RowQuery(
            period=Period(date_from=date_from, date_to=date_to),
            # An empty category is one: that of purchases without any.
            category=request.GET.get("category", "").replace("\x00", "")
            if "category" in named and "category" in request.GET
            else None,
            currency=parameters.text("currency") or None if "currency" in named else None,
            score=score,
        )
        return Asked(
            query=query,
            page=parameters.whole_number("page", default=1, most=COUNTED // PAGE),
            is_file=parameters.choice("format", ("page", "csv"), default="page") == "csv",
        )
    except Problem as problem:
        trouble = f"{problem.field}: {problem.problem_detail}"
        return Asked(query=RowQuery(period=Period()), trouble=trouble)


def _rows_page(
    request: HttpRequest, model_admin: Any, sheet: Sheet, asked: Asked
) -> TemplateResponse:
    page, pages = asked.page, max(-(-min(sheet.rows.count, COUNTED) // PAGE), 1)
    given = request.GET.copy()
    links = {}
    for name, number in (("previous", page - 1), ("next", page + 1)):
        if 1 <= number <= pages:
            given["page"] = str(number)
            links[name] = f"?{given.urlencode()}"
    given.pop("page", None)
    given["format"] = "csv"
    may_export = model_admin.has_export_permission(request)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": sheet.title,
        "sheet": sheet,
        "kind": sheet.kind,
        "rows": sheet.rows,
        "built": sheet.built,
        "page": page,
        "pages": pages,
        "links": links,
        "file": f"?{given.urlencode()}" if may_export and not asked.trouble else "",
        "trouble": asked.trouble,
        "back": reverse("admin:customer360_dashboard"),
    }
    return TemplateResponse(
        request, "admin/customer360/rows.html", context, status=400 if asked.trouble else 200
    )


def _file(
    request: HttpRequest, model_admin: Any, kind: str, query: RowQuery, columns: tuple[str, ...]
) -> StreamingHttpResponse:
    """All rows of the list as CSV, in its order, as they are read; formulas are defused."""
    if not model_admin.has_export_permission(request):
        raise PermissionDenied
    built = current_build()
    # The viewer is known only until the view returns, and the rows are read after that.
    name = f"{kind}-{query.key}-build-{built.id}-{now():%Y%m%dT%H%M%SZ}.csv"
    return StreamingHttpResponse(
        _lines(kind, query, built, columns, masked=is_masked()),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


class _Echo:
    """What csv writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def _lines(
    kind: str, query: RowQuery, built: Built, columns: tuple[str, ...], *, masked: bool
) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="\n")
    yield str(writer.writerow(columns))
    for row in every_row(kind, query, built):
        values = [
            COLUMNS[name](str(row[name])) if masked and name in COLUMNS and row[name] else row[name]
            for name in columns
        ]
        yield str(
            writer.writerow(
                [
                    "" if one is None else guard(one) if isinstance(one, str) else one
                    for one in values
                ]
            )
        )
