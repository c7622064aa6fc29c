"""The dashboard: a page for staff inside the admin, and its cards as CSV.

Every figure comes from the dictionary and its selector; nothing is computed here. The page works
without a script: each picture has its rows as a table, and the script only draws them.
"""

import csv
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from customer360.drill import kpi_link, profiles_link
from customer360.metrics import BY_KEY, KPIS, PICTURES, Figure
from customer360.models import ProfileBuild
from customer360.periods import Period, month_start
from customer360.pictures import picture, rounded, shown
from customer360.selectors.answers import (
    Answer,
    Built,
    current_build,
    fit_in_words,
    has_news,
    one_snapshot,
)
from customer360.selectors.figures import answer
from funnel_site.lib.days import site_today
from funnel_site.lib.parameters import Parameters
from funnel_site.lib.problems import Problem
from funnel_site.lib.spreadsheet import guard

YEAR = timedelta(days=364)
HUGE = 1_000
RANGES = (
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("12 months")),
    ("year", _("This year")),
)


def may_view(request: HttpRequest, model_admin: Any) -> None:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied


def dashboard_page(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """All figures for one period, from one build."""
    may_view(request, model_admin)
    with one_snapshot():
        built = current_build()
        period, trouble = period_of(request.GET, built)
        found = {
            key: answer(key, period, built=built)
            for key in ("kpis", *(figure.key for figure in PICTURES))
        }
        fit, news = fit_in_words(built), has_news()
    pictures = [picture(found[figure.key], built) for figure in PICTURES]
    for one in pictures:
        if one["key"] == "churn_risk":
            one["note"], one["note_link"] = fit, reverse("admin:customer360_model")
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Dashboard"),
        "built": built,
        "has_news": news,
        "period": period,
        "trouble": trouble,
        "ranges": _ranges(period, built),
        "running": ProfileBuild.objects.filter(state=ProfileBuild.State.RUNNING).first(),
        "kpis": _kpis(found["kpis"], period, built),
        "pictures": pictures,
        "drawn": {one["key"]: one["chart"] for one in pictures if one["chart"]},
        "query": _query(period),
        "all_profiles": profiles_link(period),
    }
    return TemplateResponse(
        request, "admin/customer360/dashboard.html", context, status=400 if trouble else 200
    )


def period_of(given: QueryDict, built: Built) -> tuple[Period, str]:
    """The period that is asked for, 12 months where none is; and what is wrong with what was."""
    today = built.as_of or site_today()
    usual = Period(date_from=today - YEAR, date_to=today)
    if given.get("range") == "all":
        return Period(), ""
    # A date field that is left empty is no wrong date.
    filled = QueryDict(mutable=True)
    filled.update({name: str(given[name]) for name in ("date_from", "date_to") if given.get(name)})
    try:
        date_from, date_to = Parameters(
            filled, repeatable=frozenset(), known=frozenset(filled)
        ).days()
    except Problem as problem:
        return usual, f"{problem.field}: {problem.problem_detail}"
    if date_from is None and date_to is None:
        return usual, ""
    return Period(date_from=date_from, date_to=date_to), ""


def _query(period: Period) -> dict[str, str]:
    return {"range": "all"} if period.is_all_time else period.query()


def _ranges(period: Period, built: Built) -> list[dict[str, Any]]:
    """The periods that one click asks for."""
    today = built.as_of or site_today()
    made: list[tuple[StrOrPromise, Period]] = [
        (
            label,
            Period(
                date_from=month_start(today).replace(month=1)
                if name == "year"
                else today - timedelta(days=int(name) - 1),
                date_to=today,
            ),
        )
        for name, label in RANGES
    ]
    made.append((gettext("All time"), Period()))
    return [
        {
            "label": label,
            "address": f"?{'&'.join(f'{name}={value}' for name, value in _query(one).items())}",
            "is_current": one == period,
        }
        for label, one in made
    ]


def _kpis(found: Answer, period: Period, built: Built) -> list[dict[str, Any]]:
    """The cards of the single figures: value, change, definition and the rows behind it."""
    values = found.values
    notes = {
        "total_customers": gettext("%(number)s bought for the first time")
        % {"number": number_format(values["new_buyers"], force_grouping=True)},
        "total_lifetime_value": gettext("%(amount)s of it in this period")
        % {"amount": number_format(values["revenue"], 0, force_grouping=True)},
        "average_order_value": gettext("%(number)s orders")
        % {"number": number_format(values["orders"], force_grouping=True)},
        "retention_rate": gettext("%(some)s of %(all)s came back")
        % {
            "some": number_format(values["retained"], force_grouping=True),
            "all": number_format(values["retention_base"], force_grouping=True),
        },
        "repeat_purchase_rate": gettext("%(some)s of %(all)s buyers")
        % {
            "some": number_format(values["repeat_buyers"], force_grouping=True),
            "all": number_format(values["buyers"], force_grouping=True),
        },
    }
    return [
        {
            "figure": figure,
            "marks": built.marks_of(figure),
            "value": rounded(values[figure.key], figure.unit),
            "exact": shown(values[figure.key], figure.unit),
            "currency": values["currency"] if figure.unit == "money" else "",
            "change": values["change"].get(figure.key),
            "is_huge": (values["change"].get(figure.key) or 0) > HUGE,
            "has_change": figure.key in values["change"],
            "note": notes[figure.key],
            "link": kpi_link(figure.key, period, values["currency"]),
        }
        for figure in KPIS
    ]


# --- Export -------------------------------------------------------------------------------------------
def export_csv(request: HttpRequest, model_admin: Any, key: str) -> HttpResponse:
    """What a card shows, as CSV; the header has the dictionary's names, formulas are defused."""
    may_view(request, model_admin)
    if not model_admin.has_export_permission(request):
        raise PermissionDenied
    if key not in BY_KEY and key != "kpis":
        raise Http404
    with one_snapshot():
        built = current_build()
        period, trouble = period_of(request.GET, built)
        if trouble:
            return HttpResponse(trouble, status=400, content_type="text/plain; charset=utf-8")
        found = answer("kpis" if BY_KEY.get(key) in KPIS else key, period, built=built)
    header, rows = _kpi_rows(found) if found.figure == KPIS[0].key else _picture_rows(found)
    name = f"{key}-{period.key}-build-{built.id}-{now():%Y%m%dT%H%M%SZ}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
    writer = csv.writer(response, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return response


def _kpi_rows(found: Answer) -> tuple[Sequence[str], list[list[Any]]]:
    values, change = found.values, found.values["change"]
    rows = [[one.key, values[one.key], _unit(one, values), change.get(one.key)] for one in KPIS]
    return ("figure", "value", "unit", "change_percent"), rows


def _unit(figure: Figure, values: dict[str, Any]) -> str:
    return str(values["currency"]) if figure.unit == "money" else figure.unit


def _picture_rows(found: Answer) -> tuple[Sequence[str], list[list[Any]]]:
    header = [column.key for column in found.definition.columns]
    return header, [[row[name] for name in header] for row in found.rows]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return guard(value) if isinstance(value, str) else value
