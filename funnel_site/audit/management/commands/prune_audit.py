"""`manage.py prune_audit --older-than-days N --reason WHY [--dry-run]`"""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from funnel_site.audit.pruning import LEAST_DAYS, PruningError, prune


class Command(BaseCommand):
    help = "Let entries of the audit trail go that are old enough; a row that stays says so."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = (
            "Example:\n  manage.py prune_audit --older-than-days 1095 --reason 'policy 4' --dry-run"
        )
        parser.add_argument(
            "--older-than-days", type=int, required=True, help=f"at least {LEAST_DAYS}"
        )
        parser.add_argument("--reason", default="", help="a policy or a decision; kept for good")
        parser.add_argument("--dry-run", action="store_true", help="say how many, and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = prune(
                older_than_days=options["older_than_days"],
                reason=options["reason"],
                dry_run=options["dry_run"],
            )
        except PruningError as error:
            raise CommandError(str(error)) from error
        word = "would go" if options["dry_run"] else "are gone"
        self.stdout.write(f"{done.entries} entries before {done.until:%Y-%m-%d} {word}.")
