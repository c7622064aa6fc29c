"""One card by its id beside a conversation: where it is, and the sentence to tell the customer."""

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext as _

from carddata.answers import stale_since
from carddata.card_ids import CardIdError, read_card_id
from carddata.models import CardAccess, CardStatus
from carddata.selectors import as_card, card_history
from carddata.services.lookups import note_access
from carddata.wording import age_in_words, sentences
from customer360.finding_page import caller_of
from funnel_site.access.throttling import count_call
from funnel_site.lib.words import translated

STEPS_SHOWN = 10
LONGEST_ASKED = 64


def looked_up(request: HttpRequest) -> dict[str, Any]:
    """What the page shows for `?card=`: `card_asked`, and `looked_up` or `card_problem`.

    Each look is noted in the cards' access log, and they are limited as everywhere.
    """
    asked = request.GET.get("card", "").strip()[:LONGEST_ASKED]
    if not request.user.has_perm("carddata.view_cardstatus"):
        return {"may_look_up": False}
    shown: dict[str, Any] = {"may_look_up": True, "card_asked": asked}
    if not asked:
        return shown
    try:
        card_id = read_card_id(asked)
    except CardIdError as error:
        return {**shown, "card_problem": str(error)}
    if count_call(f"cards:user:{request.user.pk}") > settings.CARD_LOOKUPS_PER_MINUTE:
        return {**shown, "card_problem": _("Too many cards in a minute: wait a little.")}
    card = CardStatus.objects.select_related("partner").filter(card_id=card_id).first()
    note_access(caller_of(request), CardAccess.Kind.CARD, subject=card_id, found=int(bool(card)))
    if card is None:
        problem = _("No partner has told of the card %(card)s yet.") % {"card": card_id}
        return {**shown, "card_problem": problem}
    return {**shown, "looked_up": _card(card)}


def _card(card: CardStatus) -> dict[str, Any]:
    plain, moment = as_card(card), now()
    local = card.occurred_at.astimezone(ZoneInfo(plain.time_zone))
    english, indonesian = sentences(card_id=card.card_id, status=card.status, local=local)
    return {
        "card": card,
        "since": local,
        "age": translated(age_in_words(moment - card.occurred_at)),
        "is_stale": stale_since(plain, now=moment, days=settings.CARD_STALE_DAYS) is not None,
        "sentences": [("en", english), ("id", indonesian)],
        "steps": card_history(card.card_id)[:STEPS_SHOWN],
    }
