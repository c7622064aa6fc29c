"""The one search box: its page, and the answers while somebody types."""

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from carddata.models import CardAccess
from carddata.services.lookups import Caller, note_cards
from customer360.selectors.finding import HINT, LONGEST, Found, find_customers
from customer360.selectors.words import can_look_for, find_messages
from funnel_site.lib.masking import SEE_CONTACTS, shown_phone


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
            "label": _("Card %(card_id)s") % {"card_id": found.card.card_id},
            "detail": found.card.get_status_display(),
            "why": found.why,
            "waits": False,
            "url": reverse("admin:carddata_cardstatus_change", args=[found.card.pk]),
        }
    number = shown_phone(customer.phone_number) if customer.name else ""
    parts = (number, customer.email)
    return {
        "label": str(customer),
        "detail": " · ".join(filter(None, parts)),
        "why": found.why,
        "waits": bool(getattr(customer, "waits", False)),
        "url": customer_address(customer.pk, found.room_id)
        + (f"#message-{found.message_id}" if found.message_id else ""),
    }


def _words_address(text: str) -> str:
    return f"{reverse('admin:customer360_find')}?{urlencode({'q': text, 'in': 'messages'})}"


@require_safe
def search_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """What is found for `q`, as JSON: `results` with label, detail, why, waits and url; and a hint.

    `more` leads to the messages with these words, where such a search makes sense.
    """
    text, results = _find(request)
    hint = (
        ""
        if results
        else (_("Nothing found. %(hint)s") % {"hint": HINT} if text.strip() else str(HINT))
    )
    answer: dict[str, Any] = {"results": results, "hint": hint}
    if can_look_for(text) and request.user.has_perm("conversations.view_message"):
        label = _("Messages with “%(words)s”") % {"words": text.strip()}
        answer["more"] = {"label": label, "url": _words_address(text)}
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


@require_safe
def find_page(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """The search as a page of its own, also without scripts; one sure find is opened at once."""
    if request.GET.get("in") == "messages":
        return _words_page(request, model_admin)
    text, results = _find(request)
    if len(results) == 1:
        return redirect(results[0]["url"])
    may_look = can_look_for(text) and request.user.has_perm("conversations.view_message")
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Find a customer"),
        "asked": text,
        "results": results,
        "hint": HINT,
        "words_url": _words_address(text) if may_look else "",
    }
    return TemplateResponse(request, "admin/desk/find.html", context)


def _words_page(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Messages with the words, a page at a time."""
    refuse_unless_may_find(request)
    if not request.user.has_perm("conversations.view_message"):
        raise PermissionDenied
    text = request.GET.get("q", "")[:LONGEST]
    before = request.GET.get("before", "")
    found = find_messages(
        text, request.user, before=int(before[:18]) if before.isdecimal() else None
    )
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Find messages"),
        "asked": text,
        "found": found,
        "older_url": f"{_words_address(text)}&before={found.following}" if found.following else "",
    }
    return TemplateResponse(request, "admin/desk/words.html", context)
