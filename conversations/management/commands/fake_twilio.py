"""`manage.py fake_twilio [--port N]`: a Twilio on this machine, for agents' answers without an account."""

import argparse
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.services.accounts import main_account


class Command(BaseCommand):
    help = (
        "Run a local Twilio: it takes what the site sends, checks it as strictly as the real one,"
        " and reports delivered and read back with signed callbacks. Start the site with"
        " TWILIO_API_BASE_URL set to the address that this prints."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py fake_twilio --port 8901 --wild"
        parser.add_argument("--port", type=int, default=8901, help="where to listen; 8901")
        parser.add_argument(
            "--wild", action="store_true", help="shuffle, double and lose status callbacks"
        )
        parser.add_argument(
            "--site", default="", help="where the site is reached; PUBLIC_BASE_URL by default"
        )
        parser.add_argument(
            "--fail",
            action="append",
            default=[],
            metavar="PHONE=CODE",
            help="let messages to a number fail, as +628123456789=63024; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from tests.twilio_server import Callbacks, LocalTwilio
        except ImportError as error:
            raise CommandError(
                "The local Twilio is part of the source tree and its requirements-dev.txt."
            ) from error
        account = main_account()
        if account is None:
            raise CommandError("TWILIO_ACCOUNT_SID is set, but no TWILIO_AUTH_TOKEN to sign with.")
        public, site = settings.PUBLIC_BASE_URL, options["site"].rstrip("/")
        twilio = LocalTwilio(
            {account.sid: account.token},
            callbacks=Callbacks.WILD if options["wild"] else Callbacks.ORDERLY,
            port=options["port"],
            pause=0.5,
            errors=dict(map(_failure, options["fail"])),
            on_message=self._show,
        )
        if site:
            twilio.route = lambda address: site + address.removeprefix(public)
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        try:
            with twilio:
                self.stdout.write(f"TWILIO_API_BASE_URL={twilio.base_url}")
                self.stdout.write("Start the site with this setting; stop with Ctrl+C.")
                self.stdout.flush()
                stop.wait()
        except OSError as error:
            raise CommandError(f"--port {options['port']}: {error.strerror}") from error

    def _show(self, message: dict[str, Any]) -> None:
        form = message["form"]
        files = f"  {form['MediaUrl']}" if "MediaUrl" in form else ""
        words = message["body"] or form.get("ContentSid", "")
        self.stdout.write(f"{message['to']}  {words}{files}")
        self.stdout.flush()


def _failure(given: str) -> tuple[str, int]:
    phone, _, code = given.partition("=")
    if not phone.startswith("+") or not code.isdigit():
        raise CommandError(f"--fail {given}: give it as +628123456789=63024")
    return f"whatsapp:{phone}", int(code)
