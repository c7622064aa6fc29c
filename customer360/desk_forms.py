"""The small forms of the agents' pages."""

import re
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from conversations.models import CannedAnswer, Customer
from conversations.services.desk import shown_name

MOST_COLLEAGUES = 200
MOST_CANNED = 100
PLACES = ("name", "first_name", "phone", "agent")


def colleagues() -> QuerySet[Any]:
    """Those who may be given a room."""
    return get_user_model().objects.filter(is_active=True, is_staff=True).order_by("username")


class AssignForm(forms.Form):
    """Whose a room is to be; nobody's where it is left empty."""

    to = forms.ModelChoiceField(
        label=_("Belongs to"),
        queryset=colleagues(),
        required=False,
        empty_label=_("Nobody"),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.queryset = colleagues()
        field.label_from_instance = shown_name


class NoteForm(forms.Form):
    """An internal note."""

    note = forms.CharField(
        label=_("Note"),
        max_length=4_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("For colleagues only: it is never sent"),
    )


class FilterForm(forms.Form):
    """The name under which a view of the queue is kept."""

    name = forms.CharField(label=_("Name"), max_length=60, widget=UnfoldAdminTextInputWidget)


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
    return re.sub(r"\{(\w+)\}", lambda place: places.get(place[1]) or place[0], text)


def unfilled(text: str) -> list[str]:
    """The places that nobody has filled: a customer must not read them.

    >>> unfilled("Halo {name}, total {jumlah}")
    ['{name}']
    """
    return [f"{{{name}}}" for name in PLACES if f"{{{name}}}" in text]


def canned_answers(customer: Customer | None, user: Any) -> list[dict[str, Any]]:
    """The person's own canned answers, then the shared ones, filled in for this customer."""
    kept = CannedAnswer.objects.filter(Q(owner=user) | Q(owner=None)).order_by("shortcut", "pk")
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
