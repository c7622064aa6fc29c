"""Our numbers, the approved templates, and what Twilio said of our messages."""

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter

from conversations.models import ErrorMeaning, Line, MessageTemplate, Sending, SignatureRefusal
from conversations.selectors import of_rooms_open_to
from conversations.template_text import TemplateTextError, places
from funnel_site.lib.filters import RecentValuesFilter
from funnel_site.lib.staff import RecordAdmin, StaffAdmin, display
from funnel_site.lib.words import translated

ADDRESS = re.compile(r"whatsapp:\+[1-9][0-9]{7,14}")
CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")
ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")


class LineForm(forms.ModelForm[Line]):
    """A line, with its ids checked for their shape."""

    class Meta:
        model = Line
        fields = (
            "address",
            "name",
            "purpose",
            "is_active",
            "starts",
            "start_words",
            "language",
            "asks_rating",
            "account_sid",
            "messaging_service_sid",
        )

    def clean_address(self) -> str:
        """The address as Twilio names it; a bare number gets the word before it."""
        text = re.sub(r"[ ().-]", "", self.cleaned_data["address"])
        address = text if text.startswith("whatsapp:") else f"whatsapp:{text}"
        if not ADDRESS.fullmatch(address):
            raise ValidationError(
                gettext("A number with its country code, as whatsapp:+14155238886.")
            )
        return address

    def clean_account_sid(self) -> str:
        return _fitting(
            self.cleaned_data["account_sid"], ACCOUNT_SID, gettext("AC and 32 letters.")
        )

    def clean_messaging_service_sid(self) -> str:
        return _fitting(
            self.cleaned_data["messaging_service_sid"], SERVICE_SID, gettext("MG and 32 letters.")
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        needs_words = cleaned.get("starts") == Line.Starts.KEYWORD
        if needs_words and not cleaned.get("start_words", "").strip():
            raise ValidationError(
                {"start_words": gettext("The bot needs at least one word to start with.")}
            )
        return cleaned


def _fitting(text: str, pattern: re.Pattern[str], shape: str) -> str:
    if text and not pattern.fullmatch(text):
        raise ValidationError(shape)
    return text


@admin.register(Line)
class LineAdmin(StaffAdmin):
    few_rows = True
    form = LineForm
    list_display = (
        "name",
        "shown_address",
        "purpose",
        "starts",
        "language",
        "asks_rating",
        "is_active",
        "words_link",
    )
    search_fields = ("name", "address")
    list_before_template = "admin/conversations/line/note.html"
    fieldsets = (
        (None, {"fields": ("name", "address", "purpose", "is_active")}),
        (_("The review bot"), {"fields": ("starts", "start_words", "language", "asks_rating")}),
        (_("Twilio"), {"fields": ("account_sid", "messaging_service_sid")}),
    )

    @display(description=_("Number"), ordering="address")
    def shown_address(self, line: Line) -> str:
        return line.address.removeprefix("whatsapp:")

    @display(description=_("Bot's words"))
    def words_link(self, line: Line) -> str:
        address = reverse("admin:reviews_botwords_edit")
        return format_html(
            '<a href="{}?line={}&language={}">Edit</a>', address, line.pk, line.language
        )


class MessageTemplateForm(forms.ModelForm[MessageTemplate]):
    """A template, with its places checked."""

    class Meta:
        model = MessageTemplate
        fields = ("name", "content_sid", "language", "body", "is_active")

    def clean_content_sid(self) -> str:
        return _fitting(
            self.cleaned_data["content_sid"], CONTENT_SID, gettext("HX and 32 letters.")
        )

    def clean_body(self) -> str:
        body: str = self.cleaned_data["body"]
        try:
            places(body)
        except TemplateTextError as error:
            raise ValidationError(translated(error.args[0])) from error
        return body


@admin.register(MessageTemplate)
class MessageTemplateAdmin(StaffAdmin):
    few_rows = True
    form = MessageTemplateForm
    list_display = ("name", "language", "shown_body", "content_sid", "is_active")
    list_filter = ("language", "is_active")
    search_fields = ("name", "body", "=content_sid")

    @display(description=_("Text"))
    def shown_body(self, template: MessageTemplate) -> str:
        return template.body[:80]


@admin.register(ErrorMeaning)
class ErrorMeaningAdmin(StaffAdmin):
    few_rows = True
    list_display = ("code", "words", "action")
    list_filter = ("action",)
    search_fields = ("=code", "words")


@admin.register(Sending)
class SendingAdmin(RecordAdmin):
    list_display = (
        "made_at",
        "shown_state",
        "shown_address",
        "author",
        "status",
        "error_code",
        "number",
        "room_link",
    )
    list_filter = (
        "state",
        ("status", RecentValuesFilter),
        ("error_code", RecentValuesFilter),
        ("made_at", RangeDateTimeFilter),
    )
    search_fields = ("=sid",)
    phone_path = "message__customer__phone_number"
    search_help_text = _("Twilio's id, or a phone number in any format")
    list_select_related = ("message", "author")
    ordering = ("-made_at", "-id")

    def get_queryset(self, request: HttpRequest) -> Any:
        theirs = of_rooms_open_to(request.user, "message__room")
        return super().get_queryset(request).filter(theirs)

    def is_part_for(self, request: HttpRequest) -> bool:
        return bool(of_rooms_open_to(request.user, "message__room"))

    @display(
        description=_("State"),
        ordering="state",
        label={
            "Waiting to be sent": "info",
            "Being sent": "info",
            "Handed to Twilio": "success",
            "Refused": "danger",
            "Unknown: it may have left": "warning",
        },
    )
    def shown_state(self, sending: Sending) -> str:
        return sending.get_state_display()

    @display(description=_("Room"))
    def room_link(self, sending: Sending) -> str:
        address = reverse("admin:conversations_room_change", args=[sending.message.room_id])
        return format_html('<a href="{}">{}</a>', address, gettext("Transcript"))

    @display(description=_("To number"))
    def shown_address(self, sending: Sending) -> str:
        return sending.to_address.removeprefix("whatsapp:")


@admin.register(SignatureRefusal)
class SignatureRefusalAdmin(RecordAdmin):
    few_rows = True
    list_display = ("last_at", "door", "advice", "times", "first_at")
    list_filter = ("door",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).order_by("-last_at")
