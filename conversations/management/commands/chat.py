"""`manage.py chat --as PHONE`: a phone of one's own, with no Twilio account."""

import argparse
import os
import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.text import Text

from conversations.services.accounts import main_account
from conversations.twilio_player import Player, Reply, SiteError
from funnel_site.lib.console import plain
from funnel_site.lib.phone import PhoneError, normalise_phone

OURS = "whatsapp:+14155238886"


class Command(BaseCommand):
    help = (
        "Play a customer on WhatsApp against the running site: what you type is sent as Twilio"
        " would send it, signed, and the bot's answers are shown. /image sends a picture, an empty"
        " line an empty message; Ctrl+D ends it. Lines of a file or pipe are sent one by one."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = (
            "Example:\n  manage.py chat --as +628123456789\n"
            '  printf "Hi\\niPhone 15\\nJohn\\nGreat!\\n" | manage.py chat --as 08123456789'
        )
        parser.add_argument("--as", dest="phone", required=True, help="the customer's number")
        parser.add_argument(
            "--name", default="", help="the name in the customer's WhatsApp profile"
        )
        parser.add_argument("--to", default=OURS, help=f"our number; {OURS}")
        parser.add_argument(
            "--url", default="", help="where the site is reached; PUBLIC_BASE_URL by default"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        player = self._player(options)
        console = Console(file=plain(self.stdout), width=100 if not sys.stdout.isatty() else None)
        fields = {"ProfileName": options["name"]} if options["name"] else {}
        if sys.stdin.isatty():
            console.print(f"You are {player.customer} and write to {player.ours}. Ctrl+D ends it.")
        for line in _lines():
            try:
                self._turn(player, line, fields, console)
            except SiteError as error:
                raise CommandError(str(error)) from error

    def _player(self, options: dict[str, Any]) -> Player:
        try:
            phone = normalise_phone(options["phone"], settings.PHONE_REGION)
        except PhoneError as error:
            raise CommandError(f"--as: {error}") from error
        account = main_account()
        if account is None:
            raise CommandError("TWILIO_ACCOUNT_SID is set, but no TWILIO_AUTH_TOKEN to sign with.")
        site = (options["url"] or settings.PUBLIC_BASE_URL).rstrip("/")
        if not site.startswith(("http://", "https://")):
            raise CommandError("--url must begin with http:// or https://")
        # A site that quickstart serves on another port calls itself by that port.
        is_named = "PUBLIC_BASE_URL" in os.environ or not options["url"]
        ours = options["to"] if ":" in options["to"] else f"whatsapp:{options['to']}"
        return Player(
            account_sid=account.sid,
            token=account.token,
            site=site,
            public_url=settings.PUBLIC_BASE_URL if is_named else site,
            customer=f"whatsapp:{phone}",
            ours=ours,
        )

    def _turn(self, player: Player, line: str, fields: dict[str, str], console: Console) -> None:
        if not sys.stdin.isatty():
            console.print(Text(f"You  {line}"), soft_wrap=True)
        if line.strip() == "/image":
            replies = player.say("", **fields, **_picture(player))
        else:
            replies = player.say(line, **fields)
        for reply in replies:
            console.print(Text(f"Bot  {reply.text}", style="green"), soft_wrap=True)
            _report(player, reply)
        if not replies:
            console.print(Text("     (no answer)", style="dim"))


def _lines() -> Iterator[str]:
    """What the customer types, or the lines of a file or pipe."""
    if not sys.stdin.isatty():
        for line in sys.stdin:
            yield line.rstrip("\r\n")
        return
    while True:
        try:
            yield input("You  ")
        except (EOFError, KeyboardInterrupt):
            return


def _report(player: Player, reply: Reply) -> None:
    """The phone shows the reply, and its owner reads it."""
    if reply.status_callback.startswith(player.public_url):
        player.deliver(reply, "sent", "delivered", "read")


def _picture(player: Player) -> dict[str, str]:
    account = f"https://api.twilio.com/2010-04-01/Accounts/{player.account_sid}"
    return {
        "NumMedia": "1",
        "MediaUrl0": f"{account}/Messages/MM{'0' * 32}/Media/ME{'0' * 32}",
        "MediaContentType0": "image/jpeg",
        "MessageType": "image",
    }
