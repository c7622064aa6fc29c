"""What staff are asked when they judge a review: the reason, or a public answer."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from conversations.services.sending import LONGEST_TEXT

REASONS = (
    "Advertising",
    "Insulting",
    "Names a person, a number or an address",
    "Not about the product",
    "The customer asked for it",
    "Written by ourselves",
    "Another reason",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A way of not showing reviews: its words on the pages, and the service that does it."""

    action: str
    title: Any
    explanation: Any
    button: Any
    done: str
    """For the log."""
    outcome: Any


HIDE = Refusal(
    action="hide",
    title=_("Hide %(number)d reviews"),
    explanation=_(
        "They stay here, and no longer stand in the list of reviews that other systems read."
    ),
    button=_("Hide"),
    done="Hid",
    outcome=_("Hid %(number)s of %(all)s; the others were already."),
)
REJECT = Refusal(
    action="reject",
    title=_("Reject %(number)d reviews"),
    explanation=_("They stay here as refused, and are shown nowhere else."),
    button=_("Reject"),
    done="Rejected",
    outcome=_("Rejected %(number)s of %(all)s; the others were already."),
)


class HideForm(forms.Form):
    """Why a review is hidden: one reason of a list, so that they can be counted."""

    because = forms.ChoiceField(
        label=_("Reason"),
        choices=[(reason, reason) for reason in REASONS],
        widget=UnfoldAdminSelectWidget,
    )


class NoteForm(forms.Form):
    """An answer that stands beside the review and is sent to nobody."""

    text = forms.CharField(
        label=_("Public answer"),
        max_length=LONGEST_TEXT,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "dir": "auto"}),
        help_text=_("Stands beside the review; the customer is sent nothing"),
    )
