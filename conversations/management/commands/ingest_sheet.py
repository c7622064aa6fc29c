"""`manage.py ingest_sheet [--from KEY_URL_OR_PATH]`"""

import argparse
import hashlib
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from conversations.management.commands.ingest_messages import Command as MessagesCommand
from conversations.services.drain import drain_inbox
from conversations.services.files import FileReport, ingest_rows
from funnel_site.lib.console import progress
from funnel_site.lib.sheet_rows import SheetRefusedError, SheetUnavailableError
from funnel_site.lib.sheets import ServiceAccount, read_table


class Command(MessagesCommand):
    help = "Take the new rows of a sheet of messages. A row is remembered by sheet and number."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = (
            "Example:\n  manage.py ingest_sheet --from https://docs.google.com/spreadsheets/d/…"
        )
        parser.add_argument(
            "--from",
            dest="source",
            default="",
            help="a spreadsheet's key or URL, a published CSV's URL or a path; else MESSAGES_SHEET",
        )
        parser.add_argument("--worksheet", default="", help="the tab; the first where not given")

    def handle(self, *args: Any, **options: Any) -> None:
        source = options["source"] or settings.MESSAGES_SHEET
        if not source:
            raise CommandError("say which sheet with --from, or set MESSAGES_SHEET")
        try:
            table = read_table(
                source,
                worksheet=options["worksheet"],
                credentials=ServiceAccount.from_settings(),
            )
            report = self._ingest(table, f"{source}#{options['worksheet']}")
        except (SheetRefusedError, SheetUnavailableError) as error:
            raise CommandError(str(error)) from error
        if not settings.CELERY_BROKER_URL:
            drain_inbox()
        self.tell(report)

    def _ingest(self, table: list[list[str]], name: str) -> FileReport:
        sheet = hashlib.sha256(name.encode()).hexdigest()[:24]
        report = FileReport()
        with progress("reading", total=len(table) - 1, out=self.stderr) as advance:
            for report in ingest_rows(table, sheet=sheet):
                advance(report.read)
        return report
