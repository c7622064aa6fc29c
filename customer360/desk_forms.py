"""The small forms of the agents' pages."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from conversations.models import Label, Room, Team
from conversations.room_states import SNOOZES
from conversations.services.desk import shown_name


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
        # It stands beside its button, without a label of its own.
        widget=UnfoldAdminSelectWidget(attrs={"aria-label": _("Belongs to")}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.queryset = colleagues()
        field.label_from_instance = shown_name


class SnoozeForm(forms.Form):
    """Until when a room is set aside."""

    until = forms.ChoiceField(
        label=_("Snooze"),
        choices=SNOOZES,
        required=False,
        widget=UnfoldAdminSelectWidget(attrs={"aria-label": _("Snooze until")}),
    )


class RoomForm(forms.Form):
    """What a room is about: its priority, team and labels, as of a version that was seen."""

    is_open = False
    """Whether the page shows it unfolded: something in it is to be looked at."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    priority = forms.TypedChoiceField(
        label=_("Priority"),
        coerce=int,
        choices=Room.Priority.choices,
        widget=UnfoldAdminSelectWidget,
    )
    team = forms.ModelChoiceField(
        label=_("Team"),
        queryset=Team.objects.none(),
        required=False,
        empty_label=_("None"),
        widget=UnfoldAdminSelectWidget,
    )
    labels = forms.ModelMultipleChoiceField(
        label=_("Labels"),
        queryset=Label.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["team"].queryset = Team.objects.all()
        fields["labels"].queryset = Label.objects.all()

    @classmethod
    def of(cls, room: Room) -> "RoomForm":
        """As the room is now."""
        return cls(
            initial={
                "version": room.version,
                "priority": room.priority,
                "team": room.team_id,
                "labels": [label.pk for label in room.labels.all()],
            }
        )

    def again(self, room: Room) -> "RoomForm":
        """The same picks over the room as it is now: saved again they are taken."""
        form = type(self)(initial={**self.cleaned_data, "version": room.version})
        form.is_open = True
        return form


class NoteForm(forms.Form):
    """An internal note."""

    note = forms.CharField(
        label=_("Note"),
        max_length=4_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("For colleagues only: it is never sent"),
    )


class NoteChangeForm(NoteForm):
    """Another text for a note, as of a version that was seen."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class FilterForm(forms.Form):
    """The name under which a view of the queue is kept, and whether everybody has it."""

    name = forms.CharField(label=_("Name"), max_length=60, widget=UnfoldAdminTextInputWidget)
    share = forms.BooleanField(label=_("for everybody"), required=False)
