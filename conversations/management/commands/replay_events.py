"""`manage.py replay_events [--code CODE] [ID…]`"""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.models import InboundEvent
from conversations.services.drain import drain_inbox
from conversations.services.inbox import replay_events


class Command(BaseCommand):
    help = "Process dead letters again, after their cause is mended. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py replay_events --code invalid_phone"
        parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="only these events")
        parser.add_argument("--code", default="", help="only dead letters with this error code")
        parser.add_argument("--dry-run", action="store_true", help="only count them")

    def handle(self, *args: Any, **options: Any) -> None:
        dead = InboundEvent.objects.filter(state=InboundEvent.State.FAILED)
        if options["ids"]:
            dead = dead.filter(pk__in=options["ids"])
        if options["code"]:
            dead = dead.filter(error_code=options["code"])
        if options["dry_run"]:
            self.stdout.write(f"{dead.count()} dead letters would be processed again")
            return
        wanted = list(dead.values_list("pk", flat=True))
        replayed = replay_events(dead)
        drain_inbox()
        still_dead = InboundEvent.objects.filter(
            pk__in=wanted, state=InboundEvent.State.FAILED
        ).count()
        self.stdout.write(f"replayed {replayed}, dead again or in conflict {still_dead}")
        if still_dead:
            raise CommandError("some are dead again; the list in the admin says why")
