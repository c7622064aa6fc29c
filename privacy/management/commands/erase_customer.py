"""`manage.py erase_customer WHO [--yes]`"""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from privacy.finding import NotOneError, find_customer
from privacy.selectors import counted
from privacy.services import LegalHoldError, erase_customer
from privacy.subjects import subject_of


class Command(BaseCommand):
    help = "Erase one customer: totals stay, nothing says who it was. This cannot be undone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = (
            "Examples:\n  manage.py erase_customer 0812-3456-7890 --dry-run"
            "\n  manage.py erase_customer 1234 --reason 'ticket 42' --yes"
        )
        parser.add_argument(
            "who", help="phone number, e-mail address, or the customer's number here"
        )
        parser.add_argument("--reason", default="", help="a ticket or letter; no names")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what it would touch, and stop"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            customer = find_customer(options["who"])
        except NotOneError as error:
            raise CommandError(str(error)) from error
        counts = counted(subject_of(customer))
        for label, number in sorted(counts.items()):
            if number:
                self.stdout.write(f"{label}: {number}")
        if options["dry_run"]:
            return
        if not options["yes"] and not self._is_sure(customer.pk):
            raise CommandError("Nothing was erased.")
        try:
            _, is_new = erase_customer(customer=customer, reason=options["reason"])
        except LegalHoldError as error:
            raise CommandError(str(error)) from error
        done = "is erased" if is_new else "had been erased already"
        self.stdout.write(f"Customer {customer.pk} {done}.")

    def _is_sure(self, key: int) -> bool:
        try:
            return input(f"Erase customer {key} for good? Type ERASE: ").strip() == "ERASE"
        except EOFError:
            return False
