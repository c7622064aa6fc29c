"""`manage.py sweep_partner_drop [--once]`"""

import argparse
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, connection

from carddata.services.dropping import Sweep, sweep_drop

PAUSE = 5.0


class Command(BaseCommand):
    help = (
        "Take partners' files from the watched folder PARTNER_DROP, until stopped. Several may run, "
        "also beside Celery: each file is taken once. A file is taken when two sweeps found it alike."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  PARTNER_DROP=/srv/partners manage.py sweep_partner_drop --once"
        parser.add_argument("--once", action="store_true", help="one sweep, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.PARTNER_DROP:
            raise CommandError("PARTNER_DROP is not set; see .env.example", returncode=2)
        if options["once"]:
            report = sweep_drop()
            self._tell(report)
            if report.error or report.failed:
                raise CommandError(report.error or f"{len(report.failed)} files did not go in")
            return
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        self.stdout.write(f"watching {settings.PARTNER_DROP}; stop with Ctrl+C")
        while not stop.is_set():
            self._sweep()
            stop.wait(PAUSE)

    def _sweep(self) -> None:
        try:
            self._tell(sweep_drop())
        except (OperationalError, InterfaceError) as error:
            self.stderr.write(f"the database is away, trying again: {type(error).__name__}")
            connection.close()

    def _tell(self, report: Sweep) -> None:
        for name in report.imported:
            self.stdout.write(f"{name}: imported")
        for name in report.failed:
            self.stderr.write(f"{name}: not imported, see failed/ and the notices in the admin")
        if report.error:
            self.stderr.write(report.error)
