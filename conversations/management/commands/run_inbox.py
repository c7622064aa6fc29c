"""`manage.py run_inbox [--once]`"""

import argparse
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection

from conversations.models import InboundEvent
from conversations.services.drain import drain_inbox
from conversations.services.posting import send_owed
from conversations.services.statuses import apply_parked

PAUSE = 1.0


class Command(BaseCommand):
    help = (
        "Turn waiting deliveries into messages and funnels, and send what is owed to customers,"
        " until stopped. Several may run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py run_inbox --once"
        parser.add_argument("--once", action="store_true", help="stop when nothing waits")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            taken = drain_inbox()
            apply_parked()
            send_owed()
            failed = InboundEvent.objects.filter(state=InboundEvent.State.FAILED).count()
            self.stdout.write(f"processed {taken} deliveries, {failed} dead letters in all")
            return
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        self.stdout.write("draining the inbox; stop with Ctrl+C")
        while not stop.is_set():
            self._drain()
            stop.wait(PAUSE)

    def _drain(self) -> None:
        try:
            drain_inbox()
            apply_parked()
            send_owed()
        except (OperationalError, InterfaceError) as error:
            self.stderr.write(f"the database is away, trying again: {type(error).__name__}")
            connection.close()
