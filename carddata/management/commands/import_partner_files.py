"""`manage.py import_partner_files PATH…`"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from carddata.models import Partner, PartnerFile, profile_of
from carddata.refusals import FileRefusedError
from carddata.services.claiming import BusyError
from carddata.services.files import Imported, import_file, partner_of
from carddata.services.importing import run
from carddata.services.partners import configure_partners
from carddata.services.previewing import preview
from carddata.services.starting import forgotten_files
from funnel_site.lib.console import plain, progress

FAILED, USAGE, TOO_MANY_REJECTS, BUSY = 1, 2, 3, 4
SAMPLE = 2**20
COUNTS = ("read", "loaded", "duplicate", "rejected")


class Command(BaseCommand):
    help = (
        "Import partners' CSV files: every row becomes an event of a card, is a duplicate, or is kept "
        "as rejected with its reason. A file that was imported before changes nothing; one whose "
        "import was interrupted goes on where it stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = (
            "Examples:\n"
            "  manage.py import_partner_files '/data/Pickup 2023-11.csv' /data/incoming/\n"
            "  manage.py import_partner_files --partner Delivered november.csv\n\n"
            "Exit code: 0 all rows of all files are in; 1 a file or a row was refused; 2 wrong\n"
            "arguments; 3 a file had too many rejects; 4 a file is being imported by someone else."
        )
        parser.add_argument("paths", nargs="*", metavar="PATH", help="a file, or a folder of them")
        parser.add_argument("--partner", help="whose files these are; else their names decide")
        parser.add_argument(
            "--max-rejects",
            type=int,
            metavar="PERCENT",
            help="nothing is applied of a file with more; else the partner's own limit",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show how the first rows would be read, and end"
        )
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")
        parser.add_argument(
            "--resume", action="store_true", help="also finish what other runs left unfinished"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["paths"] and not options["resume"]:
            raise CommandError("give at least one PATH", returncode=USAGE)
        if options["max_rejects"] is not None and not 0 <= options["max_rejects"] <= 100:
            raise CommandError("--max-rejects: a percentage from 0 to 100", returncode=USAGE)
        if not Partner.objects.exists():
            configure_partners()
        partner = _partner(options["partner"])
        paths = list(_files(options["paths"]))
        if options["dry_run"]:
            self._show(paths, partner)
            return
        results = [self._import(path, partner, options["max_rejects"]) for path in paths]
        if options["resume"]:
            results += [self._finish(file_id) for file_id in forgotten_files()]
        self._tell(results, as_json=options["json"])

    def _import(self, path: Path, partner: Partner | None, most: int | None) -> dict[str, Any]:
        with progress(path.name, total=100, out=self.stderr) as advance:
            try:
                done = import_file(
                    path,
                    partner=partner,
                    on_progress=lambda file: advance(file.percent),
                    max_reject_percent=most,
                )
            except FileRefusedError as refusal:
                return _refused(path.name, refusal.code, str(refusal))
            except BusyError as error:
                return _refused(path.name, "busy", f"{error}.")
            except OSError as error:
                return _refused(path.name, "unreadable", f"Cannot be read: {error.strerror}.")
        return _line(done)

    def _finish(self, file_id: int) -> dict[str, Any]:
        try:
            return _line(Imported(run(file_id=file_id), was_known=False))
        except BusyError as error:
            return _refused(str(file_id), "busy", f"{error}.")

    def _show(self, paths: list[Path], partner: Partner | None) -> None:
        """How the first rows of each file would be read."""
        failed = False
        for path in paths:
            try:
                whose = partner or partner_of(path.name)
                with path.open("rb") as file:
                    found = preview(file.read(SAMPLE), profile_of(whose))
            except (FileRefusedError, OSError) as error:
                self.stdout.write(f"{path.name}: {error}")
                failed = True
                continue
            failed |= bool(found.error or found.rejects)
            self.stdout.write(f"{path.name}: {found.error or f'{whose}, {found.encoding}'}")
            for row in found.rows:
                self.stdout.write(
                    f"  line {row.line}: {row.card_id} {row.occurred_at.isoformat()} {row.status}"
                    f" {row.comment}".rstrip()
                )
            for reject in found.rejects:
                self.stdout.write(
                    f"  line {reject.line}: rejected, {reject.reason}: {reject.detail}"
                )
        if failed:
            raise CommandError("not all would go in", returncode=FAILED)

    def _tell(self, results: list[dict[str, Any]], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(results, indent=2))
        else:
            Console(file=plain(self.stdout), width=120).print(_table(results))
            for result in results:
                for note in [result["error"], *result["notes"]]:
                    if note:
                        self.stdout.write(f"{result['name']}: {note}")
        if code := _exit_code(results):
            bad = sum(1 for one in results if not one["all_went_in"])
            raise CommandError(
                f"{bad} of {len(results)} files did not go in whole", returncode=code
            )


def _partner(name: str | None) -> Partner | None:
    if not name:
        return None
    partner = Partner.objects.filter(name__iexact=name).first()
    if partner is None:
        known = ", ".join(Partner.objects.values_list("name", flat=True))
        raise CommandError(f"there is no partner {name}; there are {known}", returncode=USAGE)
    return partner


def _files(paths: list[str]) -> Iterator[Path]:
    for text in paths:
        path = Path(text).expanduser()
        if path.is_dir():
            yield from sorted(
                one for one in path.iterdir() if one.is_file() and one.suffix.lower() == ".csv"
            )
        elif path.is_file():
            yield path
        else:
            raise CommandError(f"there is no file {text}", returncode=USAGE)


def _line(done: Imported) -> dict[str, Any]:
    file = done.file
    notes = list(file.notes)
    if done.was_known:
        notes.append(f"Already imported, as file {file.pk}; nothing was changed.")
    return {
        "name": file.name,
        "file": file.pk,
        "partner": file.partner.name,
        "state": file.state,
        **{name: getattr(file, name) for name in COUNTS},
        "was_known": done.was_known,
        "all_went_in": done.all_went_in,
        "code": file.error_code,
        "error": file.error,
        "notes": notes,
    }


def _refused(name: str, code: str, sentence: str) -> dict[str, Any]:
    nothing = dict.fromkeys(COUNTS, 0)
    return {
        "name": name,
        "file": None,
        "partner": "",
        "state": PartnerFile.State.FAILED.value,
        **nothing,
        "was_known": False,
        "all_went_in": False,
        "code": code,
        "error": sentence,
        "notes": [],
    }


def _table(results: list[dict[str, Any]]) -> Table:
    table = Table(title="read = loaded + duplicate + rejected")
    for name in ("File", "Partner", "State"):
        table.add_column(name, overflow="fold")
    for name in COUNTS:
        table.add_column(name.capitalize(), justify="right")
    for result in results:
        table.add_row(
            result["name"],
            result["partner"],
            result["state"],
            *(f"{result[name]:,}" for name in COUNTS),
        )
    if len(results) > 1:
        totals = [f"{sum(result[name] for result in results):,}" for name in COUNTS]
        table.add_section()
        table.add_row("all", "", "", *totals)
    return table


def _exit_code(results: list[dict[str, Any]]) -> int:
    codes = {result["code"] for result in results}
    if "busy" in codes:
        return BUSY
    if "too_many_rejects" in codes:
        return TOO_MANY_REJECTS
    return 0 if all(result["all_went_in"] for result in results) else FAILED
