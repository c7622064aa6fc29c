"""`manage.py describe_roles [--check]`: docs/roles.md from the roles' file."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from funnel_site.access.description import describe
from funnel_site.access.roles import matrix


class Command(BaseCommand):
    help = "Write docs/roles.md from roles.yaml."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py describe_roles --check"
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail where the page is old"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        page = settings.BASE_DIR / "docs/roles.md"
        text = describe(matrix())
        if not options["check"]:
            page.write_text(text, "utf-8")
            self.stdout.write("docs/roles.md is written.")
        elif not page.exists() or page.read_text("utf-8") != text:
            raise CommandError("docs/roles.md is not what roles.yaml says: run describe_roles.")
