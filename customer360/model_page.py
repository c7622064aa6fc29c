"""What the churn risks rest on, and how well they foresaw what happened: for analysts."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from customer360.dashboard import may_view
from customer360.models import CustomerProfile, ModelCheck, ScoreFit
from customer360.scores.gamma_gamma import YEARLY_DISCOUNT
from customer360.scores.lifetimes import MIN_REPEAT_BUYERS
from customer360.selectors.answers import current_build, one_snapshot
from customer360.services.checking import check_model
from funnel_site.lib.money import shown_count, shown_percent
from funnel_site.lib.words import translated

LIFETIME = ("r", "alpha", "a", "b", "log_likelihood")
SPEND = ("p", "q", "v", "log_likelihood")


def model_page(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """The fitted models with their numbers, and the last comparison with what customers did."""
    may_view(request, model_admin)
    with one_snapshot():
        built = current_build()
        fit = ScoreFit.objects.filter(build_id__lte=built.id).order_by("-build_id").first()
        check = ModelCheck.objects.first()
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("The churn model"),
        "built": built,
        "fit": fit,
        "is_rule": fit is not None and fit.model != CustomerProfile.ScoredBy.MBG_NBD,
        "fewest": MIN_REPEAT_BUYERS,
        "models": _models(fit) if fit else [],
        "correlation": fit.gamma_gamma.get("correlation") if fit else None,
        "discount": shown_percent(100 * YEARLY_DISCOUNT, 0),
        "check": check,
        "bands": [_band(one) for one in check.bands] if check else [],
        "may_check": request.user.has_perm("customer360.add_profilebuild"),
        "back": reverse("admin:customer360_dashboard"),
    }
    return TemplateResponse(request, "admin/customer360/model.html", context)


@require_POST
def check_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Hold the model against the last days now."""
    if not request.user.has_perm("customer360.add_profilebuild"):
        raise PermissionDenied
    check = check_model()
    messages.success(request, translated(check.note) or gettext("The model was checked."))
    return redirect("admin:customer360_model")


def _models(fit: ScoreFit) -> list[dict[str, Any]]:
    """Each fitted model's parameters, to as many digits as papers print."""
    found = []
    for title, use, names, values in (
        ("MBG/NBD", gettext("the churn risk and the expected purchases"), LIFETIME, fit.mbg_nbd),
        ("BG/NBD", gettext("fitted beside it, to compare"), LIFETIME, fit.bg_nbd),
        ("Gamma-Gamma", gettext("the value of the next 12 months"), SPEND, fit.gamma_gamma),
    ):
        if values:
            numbers = [
                (name.replace("_", "-"), number_format(values[name], 3, force_grouping=True))
                for name in names
                if name in values
            ]
            found.append(
                {"title": title, "use": use, "numbers": numbers, "customers": values["customers"]}
            )
    return found


def _band(one: dict[str, Any]) -> dict[str, str]:
    return {
        "band": f"{shown_percent(100 * one['low'], 0)} – {shown_percent(100 * one['high'], 0)}",
        "customers": shown_count(one["customers"]),
        "alive": shown_percent(100 * one["alive"]),
        "bought": shown_percent(100 * one["bought"]),
        "expected": number_format(one["expected"], 2),
        "seen": number_format(one["seen"], 2),
    }
