"""`manage.py archive_raw [--older-than DAYS]`"""

import argparse
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.services.archiving import archive_raw
from conversations.services.raw_files import DamagedFileError


class Command(BaseCommand):
    help = "Move the bodies of old, processed deliveries to RAW_STORAGE_URL, verified, then pruned."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py archive_raw --older-than 30"
        parser.add_argument(
            "--older-than",
            type=int,
            metavar="DAYS",
            help=f"instead of RAW_HOT_DAYS ({settings.RAW_HOT_DAYS})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["older_than"]
        if days is not None and days < 0:
            raise CommandError("DAYS must not be below zero.")
        try:
            number = archive_raw(older_than_days=days)
        except (OSError, DamagedFileError, ImproperlyConfigured) as error:
            raise CommandError(f"The archive cannot be written: {error}") from error
        self.stdout.write(f"Archived {number} deliveries.")
