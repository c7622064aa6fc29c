"""A partner's settings as a person fills them in: names in a line, words in a list, a sample to try."""

from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from carddata.models import Partner, profile_of
from carddata.profiles import FIELDS, check_profile
from carddata.refusals import ProfileError
from carddata.services.previewing import Preview, preview
from carddata.statuses import LABELS, Status
from funnel_site.lib.words import translated

SAMPLE_BYTES = 256 * 2**10
FORM_FIELDS = {
    "columns": "column_card_id",
    "timestamp_formats": "formats",
    "status_map": "words",
}


def column(
    label: StrOrPromise, *, required: bool = False, help_text: StrOrPromise = ""
) -> forms.CharField:
    """A field for the names that one column may have."""
    return forms.CharField(
        label=label, required=required, widget=UnfoldAdminTextInputWidget, help_text=help_text
    )


def _words_help() -> str:
    return gettext(
        "One in a line: the partner's word = our status. Ours are %(words)s. Other words are kept as unknown."
    ) % {"words": ", ".join(status.value for status in Status)}


class PartnerForm(forms.ModelForm):  # type: ignore[type-arg]
    """The partner's row; pressing Preview reads the sample and saves nothing."""

    column_card_id = column(
        _("Card id"),
        required=True,
        help_text=_("The names that the column has in the partner's files, separated by commas"),
    )
    column_timestamp = column(_("Time"), required=True)
    column_contact = column(_("Phone number"))
    column_status = column(_("Status word"))
    column_comment = column(_("Comment"))
    column_consignment_no = column(_("Consignment number"))
    formats = forms.CharField(
        label=_("Time formats"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_(
            "One in a line, tried in order: iso8601, epoch_seconds, epoch_milliseconds, or as "
            "%d-%m-%Y %H:%M. %d-%m-%Y %I:%M %p reads 12-11-2023 11:59 PM."
        ),
    )
    words = forms.CharField(
        label=_("Status words"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text=lazy(_words_help, str)(),
    )
    sample = forms.FileField(
        label=_("Sample file"),
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text=_(
            "Press “Preview” to see its first rows as they would be read. Nothing is saved."
        ),
    )

    class Meta:
        model = Partner
        fields = (
            "name", "is_active", "file_pattern", "encoding", "delimiter", "time_zone",
            "phone_region", "default_status", "rank", "max_reject_percent",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sample_bytes = b""
        partner: Partner = self.instance
        for field in FIELDS:
            names = partner.columns.get(field, [])
            self.fields[f"column_{field}"].initial = ", ".join(names)
        self.fields["formats"].initial = "\n".join(partner.timestamp_formats)
        self.fields["words"].initial = "\n".join(
            f"{word} = {status}" for word, status in partner.status_map.items()
        )

    def is_valid(self) -> bool:
        """False also where a preview was asked for: the page comes back, and nothing is saved."""
        return super().is_valid() and not self.wants_preview

    @property
    def wants_preview(self) -> bool:
        return "_preview" in self.data

    def clean_phone_region(self) -> str:
        return str(self.cleaned_data["phone_region"]).strip().upper()

    def clean_words(self) -> dict[str, str]:
        """Lines of `word = status`; the status in our spelling or as it is shown."""
        known = {status.value: status.value for status in Status}
        known |= {LABELS[status].casefold(): status.value for status in Status}
        words = {}
        for number, line in enumerate(self.cleaned_data["words"].splitlines(), start=1):
            if not line.strip():
                continue
            word, equals, status = (part.strip() for part in line.rpartition("="))
            if not equals or not word or status.casefold() not in known:
                raise forms.ValidationError(
                    gettext("Line %(number)s: write the partner's word = one of %(words)s.")
                    % {"number": number, "words": ", ".join(Status)}
                )
            words[word] = known[status.casefold()]
        return words

    def clean_sample(self) -> Any:
        """The beginning of the sample, up to its last whole line."""
        sample = self.cleaned_data.get("sample")
        if sample:
            self.sample_bytes = sample.read(SAMPLE_BYTES)
            if sample.size > SAMPLE_BYTES and b"\n" in self.sample_bytes:
                self.sample_bytes = self.sample_bytes[: self.sample_bytes.rindex(b"\n") + 1]
        return sample

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        partner: Partner = self.instance
        partner.columns = {
            field: names
            for field in FIELDS
            if (names := _names(cleaned.get(f"column_{field}") or ""))
        }
        formats = str(cleaned.get("formats") or "").splitlines()
        partner.timestamp_formats = [line.strip() for line in formats if line.strip()]
        partner.status_map = cleaned.get("words") or {}
        if self.wants_preview and not cleaned.get("sample") and "sample" not in self.errors:
            self.add_error("sample", gettext("Choose a file of this partner first."))
        return cleaned

    def _post_clean(self) -> None:
        """The settings as a whole, once the row holds them: could they read any file?"""
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            check_profile(profile_of(self.instance))
        except ProfileError as error:
            name = FORM_FIELDS.get(error.field, error.field)
            if error.field == "columns":
                name = _column_field(str(error))
            self.add_error(name if name in self.fields else None, translated(error.args[0]))

    def labelled_errors(self) -> list[tuple[str, str]]:
        """What is wrong, each with the label of its field."""
        return [
            (str(self.fields[name].label or name) if name in self.fields else "", str(text))
            for name, texts in self.errors.items()
            for text in texts
        ]

    def preview(self) -> Preview | None:
        """What the sample would give; None where none was asked for or a setting is wrong."""
        if not self.wants_preview or self.errors or not self.sample_bytes:
            return None
        return preview(self.sample_bytes, profile_of(self.instance))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _column_field(sentence: str) -> str:
    """The form's field that a sentence about columns speaks of."""
    first = sentence.split(maxsplit=1)[0]
    return f"column_{first}" if first in FIELDS else "column_card_id"
