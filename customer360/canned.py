"""Canned answers and macros as an agent sees them: filled in for one customer, with what is lacking."""

import re
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from conversations.models import CannedAnswer, Customer, Macro
from conversations.services.desk import shown_name

MOST_CANNED = 100
MOST_MACROS = 50
PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}", re.IGNORECASE)


def places_of(customer: Customer | None, user: Any) -> dict[str, str]:
    """What fills the places of a canned answer; empty where it is not known."""
    name = customer.name if customer else ""
    return {
        "name": name,
        "first_name": name.split()[0] if name.split() else "",
        "phone": customer.phone_number if customer else "",
        "agent": shown_name(user),
    }


def filled_text(text: str, places: dict[str, str]) -> str:
    """The text with its places filled; a place of which nothing is known stays as it is.

    >>> filled_text("Halo {name}, ini {agent} {price}", {"name": "", "agent": "Sari"})
    'Halo {name}, ini Sari {price}'
    """
    return PLACE.sub(lambda place: places.get(place[1].lower()) or place[0], text)


def unfilled(text: str) -> list[str]:
    """The places that nobody has filled: a customer must not read them.

    >>> unfilled("Halo {name}, total {jumlah}"), unfilled("{ 1 } {}")
    (['{name}', '{jumlah}'], [])
    """
    return list(dict.fromkeys(place[0] for place in PLACE.finditer(text)))


def own_and_shared(model: Any, user: Any) -> QuerySet[Any]:
    """The person's own rows and everybody's; a colleague's are nobody else's."""
    rows: QuerySet[Any] = model.objects.filter(Q(owner=user) | Q(owner=None))
    return rows


def canned_answers(customer: Customer | None, user: Any) -> list[dict[str, Any]]:
    """The person's own canned answers, then the shared ones, filled in for this customer."""
    kept = own_and_shared(CannedAnswer, user).order_by("shortcut", "pk")
    places = places_of(customer, user)
    found: dict[str, dict[str, Any]] = {}
    for one in sorted(kept[:MOST_CANNED], key=lambda one: one.owner_id is None):
        text = filled_text(one.body, places)
        found.setdefault(
            one.shortcut,
            {
                "shortcut": one.shortcut,
                "text": text,
                "is_own": one.owner_id is not None,
                "lacking": unfilled(text),
            },
        )
    return list(found.values())


def macros_for(customer: Customer | None, user: Any) -> list[Macro]:
    """The macros that the person may run, each with `text`, its reply filled in, and `steps`."""
    places = places_of(customer, user)
    kept = own_and_shared(Macro, user).select_related("team").prefetch_related("labels")
    macros = [macro for macro in kept[:MOST_MACROS] if may_run(macro, user)]
    shown: Any
    for shown in macros:
        shown.text = filled_text(shown.reply, places)
        shown.lacking = unfilled(shown.text)
        shown.steps = steps_of(shown, shown.text)
    return macros


def may_run(macro: Macro, user: Any) -> bool:
    """Whether somebody may do by hand all that the macro does."""
    needed = ["conversations.change_room"]
    needed += ["conversations.add_message"] if macro.reply else []
    needed += ["conversations.add_note"] if macro.note else []
    return bool(user.has_perms(needed))


def steps_of(macro: Macro, reply: str) -> list[str]:
    """What a macro does, in words, in its order."""
    steps = []
    if reply:
        steps.append(_("send “%(text)s”") % {"text": reply})
    if macro.note:
        steps.append(_("note “%(text)s”") % {"text": macro.note})
    if labels := ", ".join(label.name for label in macro.labels.all()):
        steps.append(_("label %(names)s") % {"names": labels})
    if macro.team:
        steps.append(_("give it to the team %(name)s") % {"name": macro.team})
    if macro.priority is not None:
        steps.append(_("priority %(name)s") % {"name": macro.get_priority_display()})
    if macro.assign:
        steps.append(_("assign %(whom)s") % {"whom": macro.get_assign_display().lower()})
    if macro.state:
        steps.append(macro.get_state_display().lower())
    return steps
