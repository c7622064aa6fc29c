"""The file of a preview on a page, until it is confirmed: where every web process finds it, for a time."""

import io
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.timezone import now
from import_export.tmp_storages import BaseStorage

FOLDER = "imports/previewed"


class PreviewedFile(BaseStorage):
    """What django-import-export keeps between its two pages. It removes what is confirmed alone."""

    def save(self, data: bytes) -> None:
        remove_previewed(before=now() - timedelta(hours=settings.IMPORT_KEEP_HOURS))
        self.name = uuid4().hex
        default_storage.save(self._path, ContentFile(data))

    def read(self) -> str | bytes:
        """As `open` reads it: text with its ends of lines made one, or a workbook's bytes."""
        with default_storage.open(self._path) as file:
            data: bytes = file.read()
        if "b" in self.read_mode:
            return data
        return io.TextIOWrapper(io.BytesIO(data), encoding=self.encoding).read()

    def remove(self) -> None:
        default_storage.delete(self._path)

    @property
    def _path(self) -> str:
        return f"{FOLDER}/{self.name}"


def remove_previewed(*, before: datetime) -> None:
    """Remove what was handed in before this moment. A form that is confirmed later is told so."""
    with suppress(FileNotFoundError):
        for name in default_storage.listdir(FOLDER)[1]:
            path = f"{FOLDER}/{name}"
            if default_storage.get_modified_time(path) <= before:
                default_storage.delete(path)
