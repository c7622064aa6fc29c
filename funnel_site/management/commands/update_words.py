"""Brings the catalogue of translations up to date with the words in code and templates."""

from typing import Any

from babel.messages.catalog import Catalog
from django.core.management.base import BaseCommand
from django.utils import translation

from funnel_site.catalogue import (
    catalogue_path,
    forms,
    messages_of_site,
    read_catalogue,
    updated,
    write_catalogue,
)


class Command(BaseCommand):
    """Collect the words of pages, keep their translations, list what lacks one."""

    help = (
        "Collects the words of pages, keeps their Indonesian, writes django.po and django.mo, and"
        " lists what is not translated yet. Example: manage.py update_words"
    )

    def handle(self, **options: Any) -> None:
        path = catalogue_path()
        old = read_catalogue(path) if path.exists() else Catalog()
        with translation.override("en"):
            catalogue = updated(old, messages_of_site())
        write_catalogue(catalogue, path)
        missing = [entry.id for entry in catalogue if entry.id and not all(forms(entry))]
        for words in missing:
            self.stdout.write(f"not translated: {words!r}")
        self.stdout.write(f"{len(catalogue)} entries in {path}, {len(missing)} not translated")
