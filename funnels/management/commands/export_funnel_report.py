"""`manage.py export_funnel_report OUT.csv`"""

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import QueryDict

from funnel_site.lib.console import progress
from funnel_site.lib.problems import Problem
from funnels.report import PROFILES, ReportRequest, read_request
from funnels.selectors import report_csv, report_rows


class Command(BaseCommand):
    help = "Write the funnel report as CSV. The file appears whole or not at all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = (
            "Example:\n  manage.py export_funnel_report april.csv"
            " --date-from 2025-04-01 --date-to 2025-04-30"
        )
        parser.add_argument("out", help="the file to write, or - for standard output")
        for name in ("date-from", "date-to", "date-field", "phone", "updated-since"):
            parser.add_argument(f"--{name}", help="as the parameter of GET /api/funnel-report")
        parser.add_argument("--channel", action="append", default=[])
        parser.add_argument("--stage", action="append", default=[])
        parser.add_argument("--all-cycles", action="store_true", help="also earlier cycles")
        parser.add_argument("--profile", choices=PROFILES, default="spreadsheet")

    def handle(self, *args: Any, **options: Any) -> None:
        zone = ZoneInfo(settings.TIME_ZONE)
        wanted = self._request(options, zone)
        lines = report_csv(wanted.query, zone=zone, profile=wanted.profile)
        if options["out"] == "-":
            sys.stdout.writelines(lines)
            return
        out = Path(options["out"])
        part = out.with_name(f".{out.name}.{os.getpid()}.part")
        total = report_rows(wanted.query).count()
        try:
            with (
                part.open("w", encoding="utf-8", newline="") as file,
                progress("writing", total=total, out=self.stderr) as advance,
            ):
                written = 0
                for text in lines:
                    file.write(text)
                    written += text.count("\n")
                    advance(written)
            part.replace(out)
        except OSError as error:
            raise CommandError(f"cannot write {out}: {error.strerror}") from error
        finally:
            with suppress(OSError):
                part.unlink()
        self.stdout.write(f"{total} rows written to {out}")

    def _request(self, options: dict[str, Any], zone: ZoneInfo) -> ReportRequest:
        given = QueryDict(mutable=True)
        for name in ("date_from", "date_to", "date_field", "phone", "updated_since", "profile"):
            if options[name]:
                given[name] = options[name]
        given.setlist("channel", options["channel"])
        given.setlist("stage", options["stage"])
        given["all_cycles"] = "1" if options["all_cycles"] else "0"
        try:
            return read_request(given, zone=zone, region=settings.PHONE_REGION)
        except Problem as problem:
            name = problem.field.replace("_", "-")
            raise CommandError(f"--{name}: {problem.problem_detail}") from problem
