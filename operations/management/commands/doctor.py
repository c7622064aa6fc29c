"""`manage.py doctor [--offline] [--json]`"""

import argparse
import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations.checkup import QUESTIONS, examine


class Command(BaseCommand):
    help = (
        "Look for what is wrong: secrets, database, migrations, indexes, broker, beat, folders,"
        " sheets, clock, public address. Changes nothing; exits with 1 where something is wrong."
    )
    # It is run where something is wrong.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py doctor\n  manage.py doctor --offline --json"
        parser.add_argument(
            "--offline", action="store_true", help="do not ask PUBLIC_BASE_URL whether it is us"
        )
        parser.add_argument("--json", action="store_true", help="the same, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        found = examine(outside=not options["offline"])
        wrong = [one for one in found if not one.is_warning]
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in found]))
        else:
            for one in found:
                word = "warning" if one.is_warning else "WRONG"
                self.stdout.write(f"{word:8} {one.part}: {one.words}")
            self.stdout.write(
                f"{len(QUESTIONS)} questions, {len(wrong)} wrong, {len(found) - len(wrong)} warnings"
            )
        if wrong:
            raise CommandError("Not well.")
