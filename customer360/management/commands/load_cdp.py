"""`manage.py load_cdp PATH…`"""

import argparse
from pathlib import Path
from typing import Any

import phonenumbers
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from customer360.models import CdpLoad, SetAsideRow
from customer360.services.loading import FileRefusedError, SourceFile, find_files, load_file
from customer360.source_rows import CURRENCY, Defaults
from funnel_site.lib.console import progress


class Command(BaseCommand):
    help = (
        "Load source files of the customer data platform, CSV or Parquet: customer_info, "
        "product_catalog, marketing_campaigns, purchase_transactions, customer_service, "
        "campaign_responses, website_behavior. Loading a file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = (
            "Example:\n  manage.py load_cdp exports/ --currency USD --region US\n\n"
            "Rows that cannot be used, or wait for another, are kept: Set-aside rows in the admin."
        )
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or folder")
        parser.add_argument(
            "--currency",
            default=settings.CURRENCY,
            help="of amounts in files without a currency column; CURRENCY",
        )
        parser.add_argument(
            "--region",
            default=settings.PHONE_REGION,
            help="of phone numbers without a country code, as ISO 3166; PHONE_REGION",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        defaults = Defaults(region=options["region"].upper(), currency=options["currency"].upper())
        if not CURRENCY.fullmatch(defaults.currency):
            raise CommandError("--currency: three letters, as in USD")
        if defaults.region not in phonenumbers.SUPPORTED_REGIONS:
            raise CommandError("--region: a country as two letters, as in US")
        try:
            files = find_files(options["paths"])
        except FileRefusedError as error:
            raise CommandError(str(error)) from error
        loads = [self._load(file, defaults) for file in files]
        self._end(loads)

    def _load(self, file: SourceFile, defaults: Defaults) -> CdpLoad:
        with progress(file.path.name, total=None, out=self.stderr) as advance:
            load = load_file(file, defaults=defaults, advance=advance)
        told = f"{load.file_name}: +{load.added:,} ~{load.changed:,} ={load.unchanged:,}"
        for name in ("arrived", "repeated", "waiting", "rejected"):
            if number := getattr(load, name):
                told += f", {number:,} {name}"
        self.stdout.write(told)
        if load.error:
            self.stderr.write(load.error)
        return load

    def _end(self, loads: list[CdpLoad]) -> None:
        out = [load for load in loads if load.rejected or load.error]
        waiting = SetAsideRow.objects.filter(load__in=loads, state="waiting").count()
        for load in out:
            for row in load.set_aside.filter(state="rejected").order_by("line")[:10]:
                self.stderr.write(f"{load.file_name}, line {row.line}: {row.reason}")
        if out:
            rejected = sum(load.rejected for load in loads)
            raise CommandError(f"{rejected:,} rows could not be used; the others are in")
        if waiting > 0:
            raise CommandError(f"{waiting:,} rows wait for a row that has not come yet")
