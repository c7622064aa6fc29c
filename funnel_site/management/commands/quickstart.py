"""`manage.py quickstart [--no-serve] [--port N]`: from a fresh checkout to a running site."""

import argparse
import os
import secrets
import sys
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import localdate
from rich.console import Console
from rich.table import Table

from carddata.models import PartnerFile
from carddata.services.files import import_file
from carddata.services.partners import configure_partners
from conversations.models import Customer, InboundEvent
from conversations.services.drain import drain_batch, drain_inbox
from conversations.services.files import ingest_lines
from customer360.demo import demo_rows
from customer360.models import CdpLoad
from customer360.services.building import BuildRunningError, build_profiles
from customer360.services.checking import check_model
from customer360.services.loading import load_rows
from customer360.source_rows import Defaults
from funnel_site.access.models import ApiKey, Scope
from funnel_site.access.services import create_api_key
from funnel_site.demo import demo_day
from funnel_site.demo_cards import demo_partner_files
from funnel_site.lib.console import plain, progress
from funnels.models import Funnel, KeywordSync
from funnels.report import ReportQuery
from funnels.selectors import report_totals
from funnels.services.keywords import sync_keywords
from reviews.demo import ingest_demo_reviews
from reviews.models import Review

DEMO = "demo"
ADMIN = "admin"
KEY_NAME = "quickstart"
DEMO_CARDS = 60


class Command(BaseCommand):
    help = (
        "Create the database, an administrator, an API key and the starter keywords, take in a "
        "demo day of messages and partners' files, and serve the site. A second run changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py quickstart --port 8080"
        parser.add_argument("--no-serve", action="store_true", help="set up, print, and end")
        parser.add_argument("--port", type=int, default=8000, help="where to serve; 8000")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["port"] <= 65_535:
            raise CommandError("--port: a number from 1 to 65535")
        call_command("migrate", verbosity=0, interactive=False)
        news = [
            self._make_admin(),
            self._make_key(),
            self._sync_keywords(),
            self._ingest_demo(),
            self._make_reviews(),
            self._import_demo_cards(),
            self._load_demo_year(),
        ]
        if not any(news):
            self.stdout.write("Everything is set up already; nothing was changed.")
        self._print_funnel()
        if not options["no_serve"]:
            self._serve(options["port"])

    def _make_admin(self) -> bool:
        users = get_user_model().objects
        if users.filter(is_superuser=True).exists():
            return False
        password = secrets.token_urlsafe(12)
        users.create_superuser(username=ADMIN, password=password)
        self.stdout.write(f"Administrator: {ADMIN}  password: {password}  (shown only now)")
        return True

    def _make_key(self) -> bool:
        if ApiKey.objects.filter(name=KEY_NAME).exists():
            return False
        _, secret = create_api_key(name=KEY_NAME, scopes=Scope.values)
        self.stdout.write(f"API key: {secret}  (shown only now)")
        return True

    def _sync_keywords(self) -> bool:
        if KeywordSync.objects.exclude(version=None).exists():
            return False
        sync = sync_keywords()
        if sync.error:
            self.stderr.write(f"Keywords: {sync.error} Using the starter set.")
            starter = settings.BASE_DIR / "funnels/starter_keywords.csv"
            sync = sync_keywords(source=str(starter))
        self.stdout.write(f"Keywords: {sync.added}")
        return True

    def _ingest_demo(self) -> bool:
        """Yesterday's messages, through the same door as a file."""
        if InboundEvent.objects.filter(source=DEMO).exists():
            return False
        lines = [orjson.dumps(body) for body in demo_day(_demo_date(), zone=_zone())]
        with progress("keeping messages", total=len(lines), out=self.stderr) as advance:
            for report in ingest_lines(lines, source=DEMO):
                advance(report.read)
        done = 0
        with progress("reading messages", total=len(lines), out=self.stderr) as advance:
            while taken := drain_batch(batch=250):
                done += taken
                advance(done)
        drain_inbox()
        self.stdout.write(
            f"Demo day {_demo_date()}: {report.new} messages taken in, {report.rejected} refused"
        )
        return True

    def _make_reviews(self) -> bool:
        """Reviews by customers of the demo day who bought something, through the bot itself."""
        if Review.objects.exists() or not InboundEvent.objects.filter(source=DEMO).exists():
            return False
        buyers = Funnel.objects.filter(
            stage="transaction", customer__phone_number__startswith="+62"
        )
        phones = buyers.order_by("customer_id").values_list("customer__phone_number", flat=True)
        number = ingest_demo_reviews(
            phones=list(dict.fromkeys(phones))[:20], day=_demo_date(), zone=_zone()
        )
        self.stdout.write(f"Demo reviews: {number}")
        return True

    def _import_demo_cards(self) -> bool:
        """The couriers' files of the demo day, through the same door as theirs."""
        configure_partners()
        if PartnerFile.objects.filter(way=PartnerFile.Way.DEMO).exists():
            return False
        customers = Customer.objects.exclude(phone_number="").order_by("pk")
        phones = list(customers.values_list("phone_number", flat=True)[:DEMO_CARDS])
        files = []
        with tempfile.TemporaryDirectory() as folder:
            for name, content in demo_partner_files(_demo_date(), phones):
                path = Path(folder) / name
                path.write_bytes(content)
                files.append(import_file(path, way=PartnerFile.Way.DEMO).file)
        read, loaded, rejected = (
            sum(getattr(file, name) for file in files) for name in ("read", "loaded", "rejected")
        )
        self.stdout.write(
            f"Partner files: {len(files)}, with {read} rows: {loaded} events of"
            f" {len(phones)} cards, {rejected} rejected on purpose"
        )
        return True

    def _load_demo_year(self) -> bool:
        """A year of purchases, visits, campaigns and service cases of the demo's customers."""
        if CdpLoad.objects.filter(file_name=DEMO).exists():
            return False
        people = Customer.objects.exclude(phone_number="").order_by("phone_number")
        phones = list(people.values_list("phone_number", flat=True))
        defaults = Defaults(region=settings.PHONE_REGION, currency=settings.CURRENCY)
        tables = demo_rows(phones, day=_demo_date())
        with progress("a year of purchases", total=len(tables), out=self.stderr) as advance:
            for done, (table, rows) in enumerate(tables.items(), start=1):
                load_rows(table=table, rows=rows, name=DEMO, defaults=defaults)
                advance(done)
        try:
            build = build_profiles()
        except BuildRunningError:
            return True
        check_model()
        purchases = len(tables["purchase_transactions"])
        self.stdout.write(f"Demo year: {purchases} purchases; {build.customers} customer profiles")
        return True

    def _print_funnel(self) -> None:
        totals = report_totals(ReportQuery(), _zone())
        table = Table(title="Leads, bookings and transactions by channel")
        table.add_column("Channel")
        for name in ("Leads", "Bookings", "Transactions", "Value"):
            table.add_column(name, justify="right")
        for line in [*totals["by_channel"], {"channel": "all", **totals["totals"]}]:
            value = ", ".join(f"{name} {float(sum_):,.0f}" for name, sum_ in line["value"].items())
            table.add_row(
                line["channel"],
                f"{line['leads']:,}",
                f"{line['bookings']:,}",
                f"{line['transactions']:,}",
                value or "-",
                end_section=line["channel"] != "all" and line is totals["by_channel"][-1],
            )
        Console(file=plain(self.stdout), width=100).print(table)

    def _serve(self, port: int) -> None:
        """Become the web server, so that Ctrl+C and signals reach it."""
        self.stdout.write(f"Serving http://localhost:{port}/ - stop with Ctrl+C")
        self.stdout.flush()
        server = Path(sys.executable).with_name("granian")
        os.environ.setdefault("PUBLIC_BASE_URL", f"http://localhost:{port}")
        os.execv(  # noqa: S606 - no shell, fixed arguments
            server,
            [
                str(server),
                "--interface=wsgi",
                "--host=127.0.0.1",
                f"--port={port}",
                "--workers=1",
                "--blocking-threads=8",
                "--workers-kill-timeout=5",
                "--no-access-log",
                "--log-level=warning",
                "funnel_site.wsgi:application",
            ],
        )


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def _demo_date() -> date:
    """Yesterday, so that no demo message is in the future; the first run's day ever after."""
    first = InboundEvent.objects.filter(source=DEMO).order_by("pk").first()
    today: datetime | None = first.received_at if first else None
    return localdate(today, _zone()) - timedelta(days=1)
