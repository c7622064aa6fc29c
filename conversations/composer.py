"""The answer box under a transcript: what may be sent now, and the form for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from conversations.file_kinds import KINDS, LARGEST
from conversations.models import Customer, Line, Message, MessageTemplate, Room
from conversations.selectors import service_window
from conversations.services.sending import (
    LONGEST_TEXT,
    SendingRefusedError,
    refuse_unless_writable,
    send_message,
    send_template,
)
from conversations.services.sent_files import (
    FileRefusedError,
    OutgoingFile,
    may_leave,
    outgoing_file,
    too_large,
)
from conversations.template_text import TemplateTextError, places
from conversations.windows import Window
from funnel_site.lib.words import translated

CLOSING_SOON = timedelta(hours=2)
OPEN, CLOSED, REFUSED = "open", "closed", "refused"


def new_token() -> str:
    """What tells two answers from one that is sent twice by a double click."""
    return uuid4().hex


class AnswerForm(forms.Form):
    """A free text, a file or both, sent once however often the form arrives."""

    token = forms.CharField(max_length=64, initial=new_token, widget=forms.HiddenInput)
    body = forms.CharField(
        label=_("Answer"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "dir": "auto"}),
        help_text=_("Ctrl+Enter sends"),
    )
    file = forms.FileField(
        label=_("File"),
        required=False,
        widget=forms.FileInput(
            attrs={"accept": ",".join(f"{kind.content_type},{kind.suffix}" for kind in KINDS)}
        ),
        help_text=_("A picture up to 5 MB; a PDF or a sound up to 16 MB"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_leave():
            del self.fields["file"]

    def clean_file(self) -> OutgoingFile | None:
        given = self.cleaned_data["file"]
        if given is None:
            return None
        if given.size > LARGEST:
            raise forms.ValidationError(translated(too_large(LARGEST)))
        try:
            return outgoing_file(name=given.name, content=given.read())
        except FileRefusedError as refusal:
            raise forms.ValidationError(translated(refusal.args[0])) from refusal

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not cleaned["body"] and not cleaned.get("file"):
            self.add_error("body", gettext("Write something first."))
        return cleaned

    def note_lost_file(self) -> None:
        """Say, where the form comes back, that browsers do not keep the file that was chosen."""
        if self.files.get("file") and not self.has_error("file"):
            self.add_error("file", gettext("Choose the file again: it was not kept."))


class TemplateForm(forms.Form):
    """An approved template with its values."""

    token = forms.CharField(max_length=64, initial=new_token, widget=forms.HiddenInput)
    template = forms.ModelChoiceField(
        label=_("Template"),
        queryset=MessageTemplate.objects.none(),
        widget=UnfoldAdminSelectWidget,
        empty_label=_("Choose a template"),
    )
    values = forms.CharField(
        label=_("Values"),
        required=False,
        max_length=2_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("One a line, for {{1}}, {{2}} … in this order"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # It stands beside the free answer while that may be sent, too: its fields have ids of its own.
        super().__init__(*args, **{"auto_id": "pick_%s", **kwargs})
        field: Any = self.fields["template"]
        field.queryset = MessageTemplate.objects.filter(is_active=True)
        field.label_from_instance = lambda template: f"{template.name}: {template.body[:120]}"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        template = cleaned.get("template")
        lines = [line.strip() for line in cleaned.get("values", "").splitlines() if line.strip()]
        if template is not None:
            try:
                wanted = places(template.body)
            except TemplateTextError as error:
                self.add_error("template", translated(error.args[0]))
                return cleaned
            if len(lines) != len(wanted):
                self.add_error(
                    "values",
                    gettext("This template takes %(wanted)s values; %(given)s are given.")
                    % {"wanted": len(wanted), "given": len(lines)},
                )
            cleaned["filling"] = dict(zip(wanted, lines, strict=False))
        return cleaned


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a posted answer: the message, or the form with what is wrong."""

    message: Message | None = None
    form: forms.Form | None = None


def posted_form(request: HttpRequest) -> forms.Form:
    """The form that was sent: a template, or a free answer."""
    if "template" in request.POST:
        return TemplateForm(request.POST)
    return AnswerForm(request.POST, request.FILES)


def posted_answer(request: HttpRequest, room: Room) -> Outcome:
    """Take a posted answer. Raises PermissionDenied for those who may not answer."""
    user: Any = request.user
    if not may_answer(user):
        raise PermissionDenied
    form = posted_form(request)
    if not form.is_valid():
        return Outcome(form=form)
    try:
        return Outcome(message=_send(room, user, form.cleaned_data))
    except SendingRefusedError as refusal:
        form.add_error(None, translated(refusal.words))
        return Outcome(form=form)


def _send(room: Room, user: Any, answer: dict[str, Any]) -> Message:
    if "template" not in answer:
        return send_message(
            room=room,
            text=answer["body"],
            author=user,
            token=answer["token"],
            file=answer.get("file"),
        )
    assert room.customer is not None, "refused in the composer"
    line = Line.objects.filter(address=room.our_address).first()
    return send_template(
        customer=room.customer,
        line=line or Line(address=room.our_address),
        template=answer["template"],
        variables=answer["filling"],
        author=user,
        token=answer["token"],
        room=room,
    )


def may_answer(user: Any) -> bool:
    return bool(user.has_perm("conversations.add_message"))


def composer_of(
    room: Room, user: Any, *, url: str, form: forms.Form | None = None
) -> dict[str, Any] | None:
    """What the page shows under the transcript; None for those who may not answer."""
    if not may_answer(user):
        return None
    looks = _looks(room)
    typed = ""
    if isinstance(form, AnswerForm) and looks["kind"] != OPEN:
        # The window closed while they wrote: what they wrote is not to be lost.
        typed = str(form.data.get("body", ""))
        form = None
    if isinstance(form, AnswerForm):
        form.note_lost_file()
    templates = list(MessageTemplate.objects.filter(is_active=True))
    picker = form if isinstance(form, TemplateForm) else None
    if looks["kind"] == OPEN:
        form = AnswerForm() if form is picker else form
        picker = (picker or TemplateForm()) if templates else None
    elif looks["kind"] == CLOSED and templates:
        form, picker = picker or TemplateForm(), None
    else:
        form = picker = None
    if looks["kind"] == CLOSED and not templates:
        looks["notice"] += gettext(" There is no template yet: operators add them under Templates.")
    return {
        **looks,
        "form": form,
        "picker": picker,
        "typed": typed,
        "url": url,
        "button": gettext("Send") if looks["kind"] == OPEN else gettext("Send the template"),
        "templates": templates if form or picker else [],
    }


def _looks(room: Room) -> dict[str, Any]:
    """What may be sent now, in words, with its icon and colour."""
    try:
        refuse_unless_writable(room, room.customer)
    except SendingRefusedError as refusal:
        notice = f"{translated(refusal.words)}."
        if refusal.code == "opted_out" and room.customer:
            notice = _opted_out_notice(room, room.customer)
        return {"kind": REFUSED, "tone": "fs-bad", "icon": "block", "notice": notice}
    window = service_window(room)
    return _open_looks(window) if window.is_open else _closed_looks(window)


def _opted_out_notice(room: Room, customer: Customer) -> str:
    since = customer.opted_out_of(room.channel)
    assert since is not None, "refused for it"
    if customer.is_opted_out_everywhere:
        words = gettext(
            "The customer opted out on %(opted_out_at)s: nothing may be sent to them, until they write START."
        )
    else:
        words = gettext(
            "The customer opted out on %(opted_out_at)s: nothing may be sent to them by %(channel)s, until they write START there."
        )
    return words % {"opted_out_at": _moment(since), "channel": room.get_channel_display()}


def _open_looks(window: Window) -> dict[str, Any]:
    assert window.closes_at is not None
    is_late = window.time_left < CLOSING_SOON
    return {
        "kind": OPEN,
        "tone": "fs-warn" if is_late else "fs-good",
        "icon": "hourglass_bottom" if is_late else "chat",
        "notice": gettext("You can write freely for another %(time_left)s, until %(closes_at)s.")
        % {"time_left": duration(window.time_left), "closes_at": _moment(window.closes_at)},
    }


def _closed_looks(window: Window) -> dict[str, Any]:
    last = window.last_inbound_at
    since = (
        gettext("The customer last wrote on %(last)s, more than 24 hours ago")
        % {"last": _moment(last)}
        if last
        else gettext("The customer has not written to this number")
    )
    return {
        "kind": CLOSED,
        "tone": "fs-warn",
        "icon": "lock_clock",
        "notice": gettext(
            "%(since)s: WhatsApp takes only approved templates until they write again."
        )
        % {"since": since},
    }


def duration(span: timedelta) -> str:
    """A span in hours and minutes, rounded up to the minute.

    >>> duration(timedelta(hours=5, minutes=11, seconds=30)), duration(timedelta(hours=24)), duration(timedelta(seconds=20))
    ('5 h 12 min', '24 h', '1 min')
    """
    minutes = -(-int(span.total_seconds()) // 60)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return gettext("%(minutes)s min") % {"minutes": minutes}
    return (
        gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
        if minutes
        else f"{hours} h"
    )


def _moment(at: datetime) -> str:
    return date_format(localtime(at), "j M, H:i")
