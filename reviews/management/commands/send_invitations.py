"""`manage.py send_invitations [--once]`: send waiting invitations where no worker does."""

import argparse
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from conversations.services.posting import send_owed
from funnel_site.lib.console import progress
from reviews.models import Invitation
from reviews.services.inviting import seconds_to_wait, send_invitations


class Command(BaseCommand):
    help = (
        "Send the waiting invitations of all active campaigns, each at its own rate, until none "
        "waits. Running it twice at once, or again, sends nobody a second message."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py send_invitations --once"
        parser.add_argument(
            "--once", action="store_true", help="send what the rates leave just now, and end"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        waiting = Invitation.objects.filter(
            state=Invitation.State.WAITING, campaign__is_active=True
        ).count()
        sent = 0
        with progress("sending invitations", total=waiting, out=self.stderr) as advance:
            while True:
                left = send_invitations()
                sent += left
                send_owed()
                advance(sent)
                pause = seconds_to_wait()
                # Who could be sent for and was not is asleep, or the campaign's template is off.
                if pause is None or options["once"] or not (left or pause):
                    break
                time.sleep(min(max(pause, 0.2), 5.0))
        self.stdout.write(f"Sent {sent} of {waiting} waiting invitations")
