"""The page of waiting times, for those who lead agents."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.timezone import get_default_timezone, make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from conversations.composer import duration
from customer360.selectors.times import FIRST, NEXT, RESOLUTION, Times, response_times
from funnel_site.lib.business_hours import BusinessHours, Part
from funnel_site.lib.days import site_today

MAY_SEE = "conversations.see_times"
MOST_DAYS = 92
USUAL_DAYS = 28
BAR_NAMES = ("0–1 h", "1–4 h", "4–8 h", "8–24 h", "24+ h")


CLOCK, BUSINESS = "clock", "business"


class DaysForm(forms.Form):
    """From which day to which, and which hours of them count."""

    first = forms.DateField(
        label=gettext_lazy("From"), widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )
    last = forms.DateField(
        label=gettext_lazy("To"), widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )

    hours = forms.ChoiceField(
        label=gettext_lazy("Hours"),
        choices=(
            (CLOCK, gettext_lazy("Around the clock")),
            (BUSINESS, gettext_lazy("Business hours")),
        ),
        widget=UnfoldAdminSelectWidget,
    )

    def clean(self) -> dict[str, Any]:
        days: dict[str, Any] = super().clean() or {}
        if first_last := [days[name] for name in ("first", "last") if name in days]:
            span = (first_last[-1] - first_last[0]).days
            if span < 0:
                raise forms.ValidationError(_("The first day comes after the last."))
            if span >= MOST_DAYS:
                raise forms.ValidationError(_("At most %(days)d days.") % {"days": MOST_DAYS})
        return days


@require_safe
def times_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """First and next responses and resolutions between two days: median, p90 and histogram."""
    if not request.user.has_perm(MAY_SEE):
        raise PermissionDenied
    last = site_today()
    first = last - timedelta(days=USUAL_DAYS - 1)
    given = {"first": first.isoformat(), "last": last.isoformat(), "hours": CLOCK}
    given |= {name: request.GET[name] for name in given if name in request.GET}
    form = DaysForm(given)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Waiting times"),
        "form": form,
        "bars": BAR_NAMES,
    }
    if form.is_valid():
        in_hours = form.cleaned_data["hours"] == BUSINESS
        hours = settings.BUSINESS_HOURS if in_hours else None
        context |= _report(form.cleaned_data["first"], form.cleaned_data["last"], hours)
        context |= {"counted": hours_words(hours) if hours else ""}
    return TemplateResponse(request, "admin/desk/times.html", context)


def hours_words(hours: BusinessHours) -> str:
    """The hours as people write them, and how many holidays are left out."""
    words = ", ".join(map(_part_words, hours.parts))
    if not hours.holidays:
        return words
    closed = ngettext("%d holiday", "%d holidays", len(hours.holidays)) % len(hours.holidays)
    return _("%(hours)s, without %(closed)s") % {"hours": words, "closed": closed}


def _part_words(part: Part) -> str:
    days = [str(WEEKDAYS_ABBR[day]) for day in dict.fromkeys((part.first, part.last))]
    clock = [f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (part.opens, part.closes)]
    return f"{'–'.join(days)} {'–'.join(clock)}"


def _report(first: date, last: date, hours: BusinessHours | None) -> dict[str, Any]:
    report = response_times(_midnight(first), _midnight(last + timedelta(days=1)), hours=hours)
    kinds = (
        (FIRST, _("First response"), _("the customer's first message to a person's first answer")),
        (NEXT, _("Next response"), _("a message after an answer to the next answer")),
        (RESOLUTION, _("Resolution"), _("the first message until the room was resolved")),
    )
    return {
        "unanswered": report.unanswered,
        "kinds": [
            {
                "title": title,
                "what": what,
                "whole": _shown(report.whole[kind]) if kind in report.whole else None,
                "parts": [
                    (_("By agent"), _("Not known"), _all(report.agents.get(kind, []))),
                    (_("By team"), _("No team"), _all(report.teams.get(kind, []))),
                ],
            }
            for kind, title, what in kinds
        ],
    }


def _midnight(day: date) -> datetime:
    return make_aware(datetime.combine(day, time()), get_default_timezone())


def _all(group: list[Times]) -> list[dict[str, Any]]:
    return [_shown(times) for times in group]


def _shown(times: Times) -> dict[str, Any]:
    return {
        "name": times.name,
        "number": times.number,
        "median": duration(timedelta(seconds=times.median)),
        "p90": duration(timedelta(seconds=times.p90)),
        "bars": [
            (name, count, round(100 * count / times.number))
            for name, count in zip(BAR_NAMES, times.bars, strict=True)
        ],
    }
