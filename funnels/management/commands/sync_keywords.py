"""`manage.py sync_keywords [--from PATH_OR_URL] [--force]`"""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from funnels.models import KeywordSync
from funnels.services.keywords import SyncRunningError, sync_keywords


class Command(BaseCommand):
    help = "Make the keywords what the sheet says. A doubtful sheet changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py sync_keywords --from keywords.csv"
        parser.add_argument(
            "--from",
            dest="source",
            default="",
            metavar="PATH_OR_URL",
            help="a CSV, a published CSV's URL, a spreadsheet's key; else KEYWORDS_SHEET",
        )
        parser.add_argument(
            "--force", action="store_true", help="also when more than half of the keywords are gone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sync = sync_keywords(source=options["source"], force=options["force"])
        except SyncRunningError as error:
            raise CommandError("another keyword sync is running") from error
        if sync.state != KeywordSync.State.DONE:
            raise CommandError(sync.error)
        for reason in sync.rejected:
            self.stderr.write(reason)
        version = f", version {sync.version}" if sync.version else ""
        self.stdout.write(
            f"+{sync.added} ~{sync.changed} -{sync.removed} ={sync.unchanged}{version}"
        )
        if sync.rejected:
            raise CommandError(f"{len(sync.rejected)} rows could not be used; the others are in")
