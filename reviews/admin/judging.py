"""What staff are asked when they judge a review: the reason, or a public answer."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from conversations.services.sending import LONGEST_TEXT
from funnel_site.lib.marking import marked
from funnel_site.lib.words import translated

REASONS = (
    marked("Advertising"),
    marked("Insulting"),
    marked("Names a person, a number or an address"),
    marked("Not about the product"),
    marked("The customer asked for it"),
    marked("Written by ourselves"),
    marked("Another reason"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A way of not showing reviews: its words on the pages, and the service that does it."""

    action: str
    title: Any
    explanation: Any
    button: Any
    done: str
    """For the log, with a place for the reason."""
    outcome: Any


HIDE = Refusal(
    action="hide",
    title=_("Hide %(number)d reviews"),
    explanation=_(
        "They stay here, and no longer stand in the list of reviews that other systems read."
    ),
    button=_("Hide"),
    done=gettext_noop("Hid: %(why)s"),
    outcome=_("Hid %(number)s of %(all)s; the others were already."),
)
REJECT = Refusal(
    action="reject",
    title=_("Reject %(number)d reviews"),
    explanation=_("They stay here as refused, and are shown nowhere else."),
    button=_("Reject"),
    done=gettext_noop("Rejected: %(why)s"),
    outcome=_("Rejected %(number)s of %(all)s; the others were already."),
)


class HideForm(forms.Form):
    """Why a review is hidden: one reason of a list, so that they can be counted."""

    because = forms.ChoiceField(
        label=_("Reason"),
        choices=[(reason, lazy(translated, str)(reason)) for reason in REASONS],
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
