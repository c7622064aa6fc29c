"""What one is asked before an export."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from import_export.formats.base_formats import XLSX
from unfold.contrib.import_export.forms import ExportForm
from unfold.widgets import UnfoldAdminSelectWidget

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

    def __init__(self, formats: Any, resources: Any, **kwargs: Any) -> None:
        super().__init__(formats, resources, **kwargs)
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

    @property
    def kind(self) -> str:
        return str(self.kinds[int(self.cleaned_data["format"])])
