"""`manage.py ingest_messages FILE.jsonl|-`"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.services.drain import drain_inbox
from conversations.services.files import FileReport, ingest_lines
from funnel_site.lib.console import progress

LONGEST_LINE = 2**20


class Command(BaseCommand):
    help = "Take messages from a file with one JSON object a line, as POST /api/messages/ takes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py ingest_messages yesterday.jsonl"
        parser.add_argument("file", help="a .jsonl file, or - for standard input")
        parser.add_argument(
            "--no-drain",
            action="store_true",
            help="only keep the messages; workers process them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = FileReport()
        with (
            _opened(options["file"]) as (file, size),
            progress("reading", total=size, out=self.stderr) as advance,
        ):
            read = 0

            def lines() -> Iterator[bytes]:
                nonlocal read
                while line := file.readline(LONGEST_LINE):
                    read += len(line)
                    yield line

            for report in ingest_lines(lines()):  # noqa: B007 - the last one is told below
                advance(read)
        if not (options["no_drain"] or settings.CELERY_BROKER_URL):
            drain_inbox()
        self.tell(report)

    def tell(self, report: FileReport) -> None:
        """Print the report; a rejected line makes the command fail, after all others went in."""
        for reason in report.reasons:
            self.stderr.write(reason)
        self.stdout.write(
            f"read {report.read} = new {report.new} + duplicate {report.duplicate}"
            f" + rejected {report.rejected}"
        )
        if report.rejected:
            raise CommandError(f"{report.rejected} could not be used; the others are in")


@contextmanager
def _opened(name: str) -> Iterator[tuple[BinaryIO, int | None]]:
    if name == "-":
        yield sys.stdin.buffer, None
        return
    path = Path(name)
    if not path.is_file():
        raise CommandError(f"there is no file {name}")
    with path.open("rb") as file:
        yield file, path.stat().st_size
