"""`manage.py reconcile_twilio [--dry-run] [--hours N] [--most N]`"""

import argparse
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now

from conversations.services.reconciling import AT_ONCE, reconcile_statuses, silent


class Command(BaseCommand):
    help = (
        "Ask Twilio what became of messages of which nothing final was heard. Beat does the same by"
        " itself; safe to repeat, and beside it. Exits with 1 where Twilio did not tell."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py reconcile_twilio --dry-run --hours 1"
        parser.add_argument("--dry-run", action="store_true", help="only count them, ask nothing")
        parser.add_argument(
            "--hours",
            type=float,
            metavar="N",
            help="all that left more than N hours ago, not only those whose turn has come",
        )
        parser.add_argument(
            "--most", type=int, default=AT_ONCE, metavar="N", help=f"at most so many; {AT_ONCE}"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        hours = options["hours"]
        if hours is not None and not 0 <= hours <= 24 * 365:
            raise CommandError("--hours must be zero or more, and no more than a year.")
        if options["most"] < 1:
            raise CommandError("--most must be above zero.")
        sent_before = None if hours is None else now() - timedelta(hours=hours)
        if options["dry_run"]:
            count = silent(sent_before=sent_before).count()
            self.stdout.write(f"{count} messages would be asked after")
            return
        done = reconcile_statuses(most=options["most"], sent_before=sent_before)
        left = silent(sent_before=sent_before).count() if sent_before is None else 0
        self.stdout.write(f"asked after {done.asked}, moved {done.moved}, still due {left}")
        if done.found:
            self.stdout.write(f"found {done.found} of those of which nobody knew whether they left")
        if done.troubles:
            told = ", ".join(f"{code} ({times}×)" for code, times in sorted(done.troubles.items()))
            raise CommandError(f"Twilio did not tell of all: {told}. They are asked after again.")
