"""The file of a preview on a page, until it is confirmed: where every web process finds it, for a time."""

import io
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.timezone import now
from import_export.tmp_storages import MediaStorage

FOLDER = "imports/previewed"


class PreviewedFile(MediaStorage):
    """What django-import-export keeps between its two pages. It removes what is confirmed alone."""

    def __init__(self, **kwargs: Any) -> None:
        self.is_text = "b" not in kwargs.get("read_mode", "r")
        super().__init__(**kwargs, MEDIA_FOLDER=FOLDER)

    def save(self, data: bytes) -> None:
        remove_previewed(before=now() - timedelta(hours=settings.IMPORT_KEEP_HOURS))
        super().save(data)

    def read(self) -> str | bytes:
        """A workbook's bytes; of text the ends of its lines are made one, which the package leaves."""
        data: bytes = super().read()
        if not self.is_text:
            return data
        return io.TextIOWrapper(io.BytesIO(data), encoding=self.encoding).read()


def remove_previewed(*, before: datetime) -> None:
    """Remove what was handed in before this moment. A form that is confirmed later is told so."""
    with suppress(FileNotFoundError):
        for name in default_storage.listdir(FOLDER)[1]:
            path = f"{FOLDER}/{name}"
            if default_storage.get_modified_time(path) <= before:
                default_storage.delete(path)
