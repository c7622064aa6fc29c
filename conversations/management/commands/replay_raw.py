"""`manage.py replay_raw [--since DATE] [--no-drain]`"""

import argparse
from datetime import date
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.services.archiving import Replayed, replay_raw
from conversations.services.drain import drain_inbox
from conversations.services.raw_files import DamagedFileError
from funnel_site.lib.console import progress


class Command(BaseCommand):
    help = "Feed the archive back: what was stored stays, what is missing is stored again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py replay_raw --since 2026-01-01"
        parser.add_argument(
            "--since", type=_day, metavar="DATE", help="the first day, as 2026-01-31"
        )
        parser.add_argument(
            "--no-drain", action="store_true", help="leave the processing to the workers"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        totals = Replayed()
        try:
            with progress("Archive files", total=None, out=self.stdout) as advance:
                for running in replay_raw(since=options["since"], on_file=advance):
                    totals = running
        except (OSError, DamagedFileError, ImproperlyConfigured) as error:
            raise CommandError(f"The archive cannot be read: {error}") from error
        if not options["no_drain"]:
            drain_inbox()
        self.stdout.write(
            f"{totals.files} files, {totals.lines} deliveries: {totals.restored} back in line,"
            f" {totals.erased} erased."
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no day, as 2026-01-31") from error
