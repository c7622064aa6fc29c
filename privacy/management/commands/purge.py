"""`manage.py purge [--dry-run] [--json]`"""

import argparse
import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from privacy.retention import in_words, purge


class Command(BaseCommand):
    help = "Drop bodies, archive files and copies that are older than RETENTION_DAYS; keys stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  RETENTION_DAYS='*=730,crm=365' manage.py purge --dry-run"
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and stop")
        parser.add_argument("--json", action="store_true", help="the same, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        reports = purge(dry_run=options["dry_run"])
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in reports]))
            return
        for line in in_words(reports, dry_run=options["dry_run"]):
            self.stdout.write(line)
        if not reports:
            self.stdout.write("RETENTION_DAYS is empty: everything is kept.")
