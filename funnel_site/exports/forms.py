"""What one is asked before an export."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from import_export.formats.base_formats import XLSX
from unfold.contrib.import_export.forms import ExportForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from funnel_site.access.approvals import LONGEST_REASON
from funnel_site.exports.models import ExportJob


class ListExportForm(ExportForm):
    """The kind of file, and for whom it is."""

    profile = forms.ChoiceField(
        label=_("Made for"),
        choices=ExportJob.Profile.choices,
        initial=ExportJob.Profile.SPREADSHEET,
        required=False,
        widget=UnfoldAdminSelectWidget,
    )

    in_full = forms.BooleanField(
        label=_("Names and numbers in full"),
        required=False,
        help_text=_("The file is made when a second person has confirmed it under Approvals."),
    )
    reason = forms.CharField(
        label=_("Why you need them"),
        required=False,
        max_length=LONGEST_REASON,
        help_text=_("Kept for good: no names and no numbers here."),
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(
        self, formats: Any, resources: Any, *, may_be_full: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(formats, resources, **kwargs)
        if not may_be_full:
            del self.fields["in_full"], self.fields["reason"]
        self.kinds = [
            ExportJob.Format.XLSX if one is XLSX else ExportJob.Format.CSV for one in formats
        ]
        self.fields["format"].choices = [
            ("0", _("Excel workbook (XLSX)"))
            if kind == ExportJob.Format.XLSX
            else (str(place), "CSV")
            for place, kind in enumerate(self.kinds)
        ]
        self.fields["format"].initial = "0"
        # The rows that were picked: the list itself says which of them there are.
        picked = (
            self.data.getlist("export_items")
            if self.is_bound
            else self.initial.get("export_items", ())
        )
        self.fields["export_items"].choices = [(one, one) for one in picked]

    def clean_profile(self) -> str:
        return self.cleaned_data["profile"] or str(ExportJob.Profile.SPREADSHEET)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("in_full") and not cleaned.get("reason", "").strip():
            self.add_error("reason", _("A reason is needed."))
        return cleaned

    @property
    def kind(self) -> str:
        return str(self.kinds[int(self.cleaned_data["format"])])
