"""`manage.py reclassify --since DATE [--dry-run]`"""

import argparse
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.models import Room
from funnel_site.lib.console import progress
from funnels.services.reclassifying import Reclassification, reclassify, room_ids_since


class Command(BaseCommand):
    help = "Read stored messages again under today's keywords. Corrections stay in force."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py reclassify --since 2025-04-01 --dry-run"
        parser.add_argument("--since", required=True, help="first day, YYYY-MM-DD, in TIME_ZONE")
        parser.add_argument("--room", default="", help="only the room with this id")
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would change, change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        since = self._since(options["since"])
        room_ids = room_ids_since(since)
        if options["room"]:
            rooms = Room.objects.filter(external_id=options["room"]).values_list("pk", flat=True)
            if not rooms:
                raise CommandError("--room: there is no such room")
            room_ids = list(rooms)
        totals = Reclassification()
        with progress("reading again", total=len(room_ids), out=self.stderr) as advance:
            for totals in reclassify(room_ids=room_ids, since=since, dry_run=options["dry_run"]):
                advance(totals.rooms)
        for line in totals.differences:
            self.stdout.write(line)
        verb = "would change" if options["dry_run"] else "changed"
        self.stdout.write(
            f"{totals.messages} messages in {totals.rooms} rooms: evidence +{totals.found}"
            f" -{totals.withdrawn}, {totals.funnels} funnels {verb}"
        )

    def _since(self, text: str) -> datetime:
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise CommandError("--since: a day as YYYY-MM-DD") from error
        return datetime.combine(day, time(), ZoneInfo(settings.TIME_ZONE))
