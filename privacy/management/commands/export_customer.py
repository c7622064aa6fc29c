"""`manage.py export_customer WHO [--out FILE]`"""

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from privacy.finding import NotOneError, find_customer
from privacy.services import export_customer


class Command(BaseCommand):
    help = "Write all we hold of one customer as JSON. The export is noted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = (
            "Examples:\n  manage.py export_customer 0812-3456-7890 --out ayu.json --reason 'ticket 42'"
            "\n  manage.py export_customer 1234 > customer-1234.json"
        )
        parser.add_argument(
            "who", help="phone number, e-mail address, or the customer's number here"
        )
        parser.add_argument("--out", type=Path, help="a new file; else standard output")
        parser.add_argument("--reason", default="", help="a ticket or letter; no names")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path | None = options["out"]
        if out is not None and out.exists():
            raise CommandError(f"{out} exists already: give another name.")
        try:
            customer = find_customer(options["who"])
        except NotOneError as error:
            raise CommandError(str(error)) from error
        _, content = export_customer(customer=customer, reason=options["reason"])
        text = json.dumps(content, ensure_ascii=False, indent=1)
        if out is None:
            self.stdout.write(text)
            return
        out.write_text(text + "\n", encoding="utf-8")
        out.chmod(0o600)
        self.stderr.write(f"Customer {customer.pk} is in {out}, for your eyes only.")
