"""`manage.py create_api_key NAME --scope SCOPE…`"""

import argparse
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from funnel_site.access.models import Scope
from funnel_site.access.services import create_api_key


class Command(BaseCommand):
    help = "Make an API key and print it, alone, on standard output. It is not shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = (
            "Example:\n  manage.py create_api_key 'CRM of Jakarta' --scope ingest report"
        )
        parser.add_argument("name", help="who will use it, as staff will read it in the list")
        parser.add_argument(
            "--scope",
            nargs="+",
            action="extend",
            required=True,
            metavar="SCOPE",
            help=f"one or more of: {', '.join(Scope.values)}",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        if not name or len(name) > 50:
            raise CommandError("NAME must have 1 to 50 characters.")
        try:
            _, secret = create_api_key(name=name, scopes=options["scope"])
        except ValidationError as error:
            raise CommandError(
                f"{' '.join(error.messages)} Known: {', '.join(Scope.values)}."
            ) from error
        self.stdout.write(secret)
