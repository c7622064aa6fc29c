"""A partner's file of a million rows, against COPY and INSERT … ON CONFLICT by hand; and its memory.

    DATABASE_URL=postgres://… python -m benchmarks.card_import [--rows 1000000] [--memory] [--kills 10]

The floor writes the same rows to the same tables and indexes, from values that are computed
beforehand: it reads no file, checks nothing, and cannot be resumed or undone. `--memory` compares the
peak of 100 thousand rows with that of five times `--rows`; `--kills` ends an import that often at
random moments and compares the tables with those of a clean one; `--resource-rows` goes through
django-import-export's own importer.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.databases import ROOT, fresh_database, set_up_django

HEADER = "ID,Card ID,User Mobile,Timestamp,Comment\n"
START = datetime(2023, 11, 11, 3, 45, tzinfo=UTC)
WORDS = ("DELIVERED", "User not available", "Picked up", "On the way")
PARTNER: dict[str, Any] = {
    "name": "Benchmark",
    "file_pattern": "bench*",
    "columns": {
        "consignment_no": ["ID"],
        "card_id": ["Card ID"],
        "contact": ["User Mobile"],
        "timestamp": ["Timestamp"],
        "status": ["Comment"],
    },
    "timestamp_formats": ["%d-%m-%Y %I:%M %p"],
    "time_zone": "Asia/Dubai",
    "phone_region": "AE",
    "status_map": {
        "DELIVERED": "delivered",
        "User not available": "delivery_failed",
        "Picked up": "picked_up",
        "On the way": "in_transit",
    },
}


def lines(rows: int) -> Iterator[str]:
    """Four events of each card, over some months, one number a card."""
    rng = random.Random(rows)
    for number in range(rows):
        card = number // 4
        moment = START + timedelta(minutes=rng.randrange(300_000))
        yield (
            f"A{number % 1000},ZYW{card:07},05{card % 100_000_000:08},"
            f"{moment:%d-%m-%Y %I:%M %p},{WORDS[number % 4]}\n"
        )


def write_file(folder: Path, rows: int) -> Path:
    path = folder / f"bench-{rows}.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        file.writelines(lines(rows))
    return path


def make_partner() -> Any:
    from carddata.models import Partner

    return Partner.objects.get_or_create(name=PARTNER["name"], defaults=PARTNER)[0]


def product_seconds(path: Path, rows: int) -> float:
    from carddata.services.files import import_file

    partner = make_partner()
    started = time.perf_counter()
    file = import_file(path, partner=partner).file
    seconds = time.perf_counter() - started
    assert (file.read, file.loaded, file.rejected) == (rows, rows, 0), file.__dict__
    return seconds


EVENT_COLUMNS = (
    "card_id, occurred_at, status, weight, content, contact, word, comment, consignment_no, file_id,"
    " line"
)


def take_rows(url: str, out: Path) -> None:
    """The product's own events as COPY text, so that the floor has nothing to compute."""
    with psycopg.connect(url) as connection, out.open("wb") as file:
        text = f"COPY (SELECT {EVENT_COLUMNS} FROM carddata_cardevent ORDER BY id) TO STDOUT"
        with connection.cursor().copy(text) as copy:
            for part in copy:
                file.write(part)
        connection.execute(
            "TRUNCATE carddata_cardevent, carddata_cardstatus, carddata_cardsighting CASCADE"
        )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def floor_seconds(url: str, values: Path, partner: int) -> float:
    started = time.perf_counter()
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TEMPORARY TABLE staged (id bigint DEFAULT nextval('carddata_cardevent_id_seq'),"
            " card_id varchar(32), occurred_at timestamptz, status varchar(16), weight smallint,"
            " content uuid, contact varchar(16), word varchar(200), comment varchar(500),"
            " consignment_no varchar(64), file_id bigint, line bigint) ON COMMIT DROP"
        )
        text = f"COPY staged ({EVENT_COLUMNS}) FROM STDIN"
        with connection.cursor().copy(text) as copy, values.open("rb") as file:
            while part := file.read(2**20):
                copy.write(part)
        connection.execute(
            f"INSERT INTO carddata_cardevent (id, {EVENT_COLUMNS}) SELECT id, {EVENT_COLUMNS}"
            " FROM staged ON CONFLICT (card_id, occurred_at, content) DO NOTHING"
        )
        connection.execute(
            "INSERT INTO carddata_cardstatus (card_id, event_id, partner_id, status, occurred_at,"
            " weight, content, contact, comment, updated_at)"
            " SELECT DISTINCT ON (card_id) card_id, id, %s, status, occurred_at, weight, content,"
            " contact, comment, now() FROM staged"
            " ORDER BY card_id, occurred_at DESC, weight DESC, content DESC"
            " ON CONFLICT (card_id) DO UPDATE SET event_id = excluded.event_id,"
            " status = excluded.status, occurred_at = excluded.occurred_at, weight = excluded.weight,"
            " content = excluded.content, contact = excluded.contact, comment = excluded.comment,"
            " updated_at = excluded.updated_at WHERE (excluded.occurred_at, excluded.weight,"
            " excluded.content) > (carddata_cardstatus.occurred_at, carddata_cardstatus.weight,"
            " carddata_cardstatus.content)",
            [partner],
        )
    return time.perf_counter() - started


def compare_with_floor(rows: int, folder: Path) -> None:
    with fresh_database() as url:
        _set_up(url)
        path = write_file(folder, rows)
        seconds = product_seconds(path, rows)
        take_rows(url, folder / "values")
        floor = floor_seconds(url, folder / "values", make_partner().pk)
    print(f"product: {seconds:6.1f} s  {rows / seconds:,.0f} rows/s")
    print(
        f"floor:   {floor:6.1f} s  {rows / floor:,.0f} rows/s  COPY + INSERT … ON CONFLICT by hand"
    )
    print(f"ratio:   {floor / seconds:.2f} (goal 0.6 or better)")


def compare_with_resource(rows: int, their_rows: int, folder: Path) -> None:
    """django-import-export's importer with its defaults, as a form or a command would call it."""
    import tablib
    from import_export.resources import ModelResource

    with fresh_database() as url:
        _set_up(url)
        from carddata.models import CardEvent, PartnerFile

        path = write_file(folder, rows)
        seconds = product_seconds(path, rows)

        class EventResource(ModelResource):
            class Meta:
                model = CardEvent
                import_id_fields = ("card_id", "occurred_at", "content")
                fields = (*import_id_fields, "status", "weight", "contact", "word", "comment", "consignment_no", "file", "line")  # fmt: skip

        names = EventResource._meta.fields
        values = [
            [
                f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)
                for value in row
            ]
            for row in CardEvent.objects.values_list(
                *(f"{name}_id" if name == "file" else name for name in names)
            )[:their_rows]
        ]
        with psycopg.connect(url) as connection:
            connection.execute("TRUNCATE carddata_cardevent, carddata_cardstatus CASCADE")
        assert PartnerFile.objects.exists()
        started = time.perf_counter()
        result = EventResource().import_data(tablib.Dataset(*values, headers=list(names)))
        theirs = time.perf_counter() - started
        assert result.totals["new"] == len(values), result.totals
    print(f"product:              {rows / seconds:,.0f} rows/s of {rows:,}")
    print(
        f"django-import-export: {len(values) / theirs:,.0f} rows/s, events alone, without statuses"
    )
    ratio = (rows / seconds) / (len(values) / theirs)
    print(f"ratio:                {ratio:.0f} (goal 30 or better)")


def peak_memory(path: Path, url: str) -> float:
    """Peak memory in MB of the product's own command."""
    text = (
        "import resource, sys; from django.core.management import execute_from_command_line as run;"
        f"run(['manage.py', 'import_partner_files', '--partner', 'Benchmark', {str(path)!r}]);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=ROOT,
        env=_environment(url),
        check=True,
        capture_output=True,
    )
    return int(done.stderr.split()[-1]) / 1024


def compare_memory(few: int, many: int, folder: Path) -> None:
    peaks = []
    for rows in (few, many):
        with fresh_database() as url:
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "-v0"],
                cwd=ROOT,
                env=_environment(url),
                check=True,
            )
            _add_partner(url)
            path = write_file(folder, rows)
            peaks.append(peak_memory(path, url))
            path.unlink()
        print(f"{rows:>9,} rows: peak {peaks[-1]:.0f} MB")
    print(f"growth: {peaks[1] - peaks[0]:.0f} MB")


STATE = """
SELECT md5(string_agg(t, ',' ORDER BY t)) FROM (
  SELECT concat_ws('|', card_id, occurred_at, status, weight, content, contact, comment) t FROM {}
) rows
"""


def compare_killed(rows: int, kills: int, folder: Path) -> None:
    """Kill an import that many times at random moments; the next one ends it."""
    path = write_file(folder, rows)
    states: list[list[Any]] = []
    for times in (0, kills):
        with fresh_database() as url:
            env = _environment(url)
            manage = [sys.executable, "manage.py"]
            subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=env, check=True)
            _add_partner(url)
            command = [*manage, "import_partner_files", "--partner", "Benchmark", str(path)]
            started = time.perf_counter()
            rng = random.Random(1)
            killed = 0
            for _ in range(times):
                worker = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
                try:
                    worker.wait(timeout=rng.uniform(1.5, 1.5 + rows / 200_000))
                except subprocess.TimeoutExpired:
                    worker.kill()
                    worker.wait()
                    killed += 1
            subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
            print(f"{killed} kills: {time.perf_counter() - started:.1f} s")
            with psycopg.connect(url) as connection:
                states.append(
                    [
                        connection.execute(STATE.format(table)).fetchone()
                        for table in ("carddata_cardevent", "carddata_cardstatus")
                    ]
                    + connection.execute(
                        "SELECT state, read, loaded, duplicate, rejected FROM carddata_partnerfile"
                    ).fetchall()
                )
    print("the same tables" if states[0] == states[1] else f"DIFFERENT: {states}")
    if states[0] != states[1]:
        sys.exit(1)


def _add_partner(url: str) -> None:
    text = (
        "import django; django.setup();"
        "from benchmarks.card_import import make_partner; make_partner()"
    )
    subprocess.run([sys.executable, "-c", text], cwd=ROOT, env=_environment(url), check=True)


def _environment(url: str) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "tests.settings"),
    }


def _set_up(url: str) -> None:
    set_up_django(url)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--resource-rows", type=int, default=0)
    parser.add_argument("--their-rows", type=int, help="of those, how many their importer takes")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--kills", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ.setdefault("VAR_DIR", str(Path(name) / "var"))
        folder = Path(name)
        if given.memory:
            compare_memory(100_000, given.rows * 5, folder)
        elif given.kills:
            compare_killed(given.rows, given.kills, folder)
        elif given.resource_rows:
            compare_with_resource(
                given.resource_rows, given.their_rows or given.resource_rows, folder
            )
        else:
            compare_with_floor(given.rows, folder)


if __name__ == "__main__":
    main()
