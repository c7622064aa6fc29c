"""The form by which staff hand in partners' files, and what is done with them."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from carddata.models import Partner, PartnerFile
from carddata.refusals import FileRefusedError
from carddata.services.files import keep_file
from carddata.services.starting import start

MOST_FILES = 50


class SeveralFilesInput(UnfoldAdminFileFieldWidget):
    """The theme's own input, since its script changes every file input of a page."""

    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """A file field that gives a list."""

    widget = SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data]
        return [super(SeveralFilesField, self).clean(one, initial) for one in given]


class UploadForm(forms.Form):
    """Files, and whose they are where their names do not tell."""

    uploads = SeveralFilesField(
        label=_("Files"),
        widget=SeveralFilesInput(attrs={"accept": ".csv,.txt,.tsv,text/csv", "multiple": True}),
    )
    partner = forms.ModelChoiceField(
        label=_("Partner"),
        queryset=Partner.objects.filter(is_active=True),
        required=False,
        empty_label=_("By the file's name"),
        widget=UnfoldAdminSelectWidget,
    )

    def clean_uploads(self) -> list[Any]:
        files: list[Any] = self.cleaned_data["uploads"]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(
                gettext("At most %(most)s files at once.") % {"most": MOST_FILES}
            )
        return files


def take_uploads(given: dict[str, Any], *, user: Any) -> tuple[list[PartnerFile], list[str]]:
    """Keep each file and start its import; gives the files and, for those not taken, the reasons."""
    files, refusals = [], []
    for upload in given["uploads"]:
        try:
            file, is_new = keep_file(
                upload,
                name=upload.name,
                partner=given["partner"],
                way=PartnerFile.Way.UPLOAD,
                user=user,
            )
        except FileRefusedError as refusal:
            refusals.append(f"{upload.name}: {refusal}")
            continue
        if is_new or file.is_running:
            start(file_id=file.pk)
            files.append(file)
        else:
            refusals.append(
                gettext(
                    "%(name)s: the very same content came before, as %(other)s (file %(pk)s, %(state)s). Nothing was done."
                )
                % {
                    "name": upload.name,
                    "other": file.name,
                    "pk": file.pk,
                    "state": file.get_state_display().lower(),
                }
            )
    return files, refusals
