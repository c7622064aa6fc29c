"""Why did yesterday's number change? Two builds side by side, for analysts."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext

from customer360.dashboard import may_view
from customer360.drill import profiles_link, sales_link, signals_link
from customer360.models import ProfileBuild
from customer360.periods import Period, next_month
from customer360.selectors.answers import one_snapshot
from customer360.selectors.changes import (
    Change,
    Comparison,
    comparable_builds,
    compare,
    is_fitted_anew,
    risk_label,
    yesterdays,
)
from customer360.selectors.marks import PURCHASES
from funnel_site.lib.money import shown_count


def changes_page(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """What the later of two builds changed; of the newest and yesterday's where none are named."""
    may_view(request, model_admin)
    with one_snapshot():
        builds = comparable_builds()
        before, after, trouble = _chosen(request, builds)
        found = compare(before, after) if before and after else None
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("What changed between builds"),
        "builds": builds,
        "before": before,
        "after": after,
        "trouble": trouble,
        "found": found,
        "back": reverse("admin:customer360_dashboard"),
    }
    if found is not None:
        context |= _tables(found, is_current=found.after.pk == builds[0].pk)
    return TemplateResponse(
        request, "admin/customer360/changes.html", context, status=400 if trouble else 200
    )


def _chosen(
    request: HttpRequest, builds: list[ProfileBuild]
) -> tuple[ProfileBuild | None, ProfileBuild | None, str]:
    """The two builds to compare, the earlier first, and what is wrong with those asked for."""
    usual = (yesterdays(builds), builds[0] if builds else None)
    asked = [request.GET.get(name, "") for name in ("before", "after")]
    if not any(asked):
        return *usual, ""
    by_key = {str(build.pk): build for build in builds}
    before, after = (by_key.get(one) for one in asked)
    if before is None or after is None:
        return *usual, gettext("One of these builds cannot be compared any more.")
    if before.pk >= after.pk:
        return *usual, gettext("The earlier build comes first.")
    return before, after, ""


def _tables(found: Comparison, *, is_current: bool) -> dict[str, Any]:
    """The rows with their addresses; a list shows what is now, and so only the newest build's."""
    segments = [
        (one, one.name, profiles_link(Period(), customer_segment=one.name))
        for one in found.segments
        if one.number
    ]
    risks = [
        (one, risk_label(one.name), profiles_link(Period(), churn_risk__exact=one.name))
        for one in found.risks
        if one.number
    ]
    return {
        "is_current": is_current,
        "choices": [
            ("before", found.before, gettext("From")),
            ("after", found.after, gettext("to")),
        ],
        "totals": [(one, None, None) for one in found.totals],
        "months": [
            (one, _sales(one) if is_current else None, _new_rows(one, found))
            for one in found.months
        ],
        "categories": [
            (one, sales_link(Period(), category=one.name, currency=one.currency), None)
            if is_current
            else (one, None, None)
            for one in found.categories
        ],
        "people": [
            ("segments", gettext("Customer segments"), segments),
            ("risks", gettext("Churn risk"), risks),
        ],
        "satisfaction": [
            (
                one,
                signals_link(_month(one)),
                _mean(one.amount_before, one.number_before),
                _mean(one.amount_after, one.number_after),
            )
            for one in found.satisfaction
        ],
        "reasons": _reasons(found),
    }


def _month(one: Change) -> Period:
    assert one.month is not None, "a change of a month"
    return Period(date_from=one.month, date_to=next_month(one.month) - timedelta(days=1))


def _sales(one: Change) -> str:
    return sales_link(_month(one), currency=one.currency)


def _new_rows(one: Change, found: Comparison) -> str | None:
    """The purchases of the month that came between the two builds."""
    if not one.new_number:
        return None
    marks = [
        build.results.get("sources", {}).get(PURCHASES) for build in (found.before, found.after)
    ]
    if None in marks:
        return None
    month = _month(one)
    query = {
        "id__gt": marks[0][0],
        "id__lte": marks[1][0],
        "purchase_date_from": month.first.isoformat(),
        "purchase_date_to": month.last.isoformat(),
        "currency": one.currency,
    }
    return f"{reverse('admin:customer360_purchase_changelist')}?{urlencode(query)}"


def _mean(total: Any, number: int) -> str:
    return f"{total / number:.2f}" if number else "–"


def _reasons(found: Comparison) -> list[str]:
    """What else was different, besides the rows that were read."""
    before, after = found.before, found.after
    reasons = []
    if before.as_of != after.as_of:
        reasons.append(
            gettext(
                "The day moved on: rows dated up to it count now, and time has passed since"
                " everybody's last purchase."
            )
        )
    if is_fitted_anew(found):
        reasons.append(
            gettext("The churn model was fitted anew, on %(buyers)s buyers.")
            % {"buyers": shown_count(after.fit.buyers)}
        )
    if before.rules_version != after.rules_version:
        reasons.append(gettext("The rules of the build have changed."))
    if before.currency != after.currency:
        reasons.append(
            gettext("The site's currency was %(before)s and is %(after)s.")
            % {"before": before.currency, "after": after.currency}
        )
    return reasons
