"""The one search box: its page, and the answers while somebody types."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from carddata.models import CardAccess
from carddata.services.lookups import Caller, note_cards
from customer360.selectors.finding import HINT, LONGEST, Found, find_customers
from funnel_site.lib.masking import SEE_CONTACTS


def caller_of(request: HttpRequest) -> Caller:
    """The member of staff, for the cards' access log."""
    user: Any = request.user
    return Caller(user_id=user.pk, who=user.get_username())


def refuse_unless_may_find(request: HttpRequest) -> None:
    """The whole page is who the customer is and what they wrote: nothing of it is for masked eyes."""
    if not request.user.has_perms(("conversations.view_customer", SEE_CONTACTS)):
        raise PermissionDenied


def customer_address(key: int, room: int | None = None) -> str:
    """The address of a customer's page, with one of their rooms open."""
    address = reverse("admin:customer360_customer", args=[key])
    return f"{address}?room={room}" if room else address


def _find(request: HttpRequest) -> tuple[str, list[dict[str, Any]]]:
    refuse_unless_may_find(request)
    text = request.GET.get("q", "")[:LONGEST]
    may_see_cards = request.user.has_perm("carddata.view_cardstatus")
    found = find_customers(text, may_see_cards=may_see_cards)
    cards = [one.card for one in found if one.card is not None]
    if cards:
        note_cards(caller_of(request), CardAccess.Kind.LIST, cards)
    return text, [_shown(one) for one in found]


def _shown(found: Found) -> dict[str, Any]:
    customer = found.customer
    if customer is None:
        assert found.card is not None
        return {
            "label": gettext("Card %(card_id)s") % {"card_id": found.card.card_id},
            "detail": found.card.get_status_display(),
            "why": found.why,
            "waits": False,
            "url": reverse("admin:carddata_cardstatus_change", args=[found.card.pk]),
        }
    parts = (customer.phone_number if customer.name else "", customer.email)
    return {
        "label": str(customer),
        "detail": " · ".join(filter(None, parts)),
        "why": found.why,
        "waits": bool(getattr(customer, "waits", False)),
        "url": customer_address(customer.pk, found.room_id),
    }


@require_safe
def search_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """What is found for `q`, as JSON: `results` with label, detail, why, waits and url; and a hint."""
    text, results = _find(request)
    hint = (
        ""
        if results
        else (gettext("Nothing found. %(hint)s") % {"hint": HINT} if text.strip() else HINT)
    )
    return JsonResponse({"results": results, "hint": hint}, headers={"Cache-Control": "no-store"})


@require_safe
def find_page(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """The search as a page of its own, also without scripts; one sure find is opened at once."""
    text, results = _find(request)
    if len(results) == 1:
        return redirect(results[0]["url"])
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Find a customer"),
        "asked": text,
        "results": results,
        "hint": HINT,
    }
    return TemplateResponse(request, "admin/desk/find.html", context)
