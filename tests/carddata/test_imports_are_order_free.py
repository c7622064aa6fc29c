"""Whatever the split, the order, the repetition, the crash: the same rows end in the same tables."""

import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from carddata.models import PartnerFile
from carddata.services.files import import_file
from carddata.services.importing import run
from carddata.services.undoing import redo_import, undo_import
from tests.carddata.making import (
    HEADER,
    counts,
    courier,
    event_rows,
    line,
    status_rows,
    take,
    text_of,
)
from tests.conftest import Site

CARDS = ("ZYW1", "zyw1", "ZYW2", "ZYW 3")
TIMES = ("13-11-2023 16:00", "2023-11-13T12:00:00Z", "13-11-2023 16:01", "01-01-2024 00:00")
WORDS = ("DELIVERED", "delivered", "Returned", "Picked up", "somewhere", "")
ROWS = st.builds(
    line,
    card=st.sampled_from(CARDS),
    time=st.sampled_from(TIMES),
    word=st.sampled_from(WORDS),
    contact=st.sampled_from(("0545576586", "971545576586", "0500000001")),
    number=st.sampled_from(("A1", "A2")),
)


class _UndoError(Exception):
    """Take everything back at the end of one arrangement."""


def end_state(files: list[list[str]], *, undone: int | None = None) -> Any:
    """Events and statuses after these files; one of them undone and redone on the way, perhaps."""
    found: Any = None
    try:
        with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
            courier()
            for number, rows in enumerate(files):
                # The note makes files of equal rows different files.
                content = text_of(*(f"{row},{number}" for row in rows), header=f"{HEADER},Note")
                file = take(Path(folder), content, name=f"courier {number}.csv")
                if number == undone:
                    undo_import(file_id=file.pk, begin=False)
                    run(file_id=file.pk)
                    redo_import(file_id=file.pk, begin=False)
                    assert counts(run(file_id=file.pk)) == counts(file)
            found = event_rows(), status_rows()
            raise _UndoError  # noqa: TRY301
    except _UndoError:
        return found


@pytest.mark.django_db
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(ROWS, min_size=1, max_size=12), data=st.data())
def test_any_split_order_and_repetition_ends_in_the_same_tables(
    rows: list[str], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(rows), max_size=6))
    shuffled = list(data.draw(st.permutations(rows + again)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    parts = [
        shuffled[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)
    ]
    undone = data.draw(st.none() | st.integers(0, len(parts) - 1))

    # One partner for both arrangements: which one it is is part of what an event says.
    courier()
    assert end_state(parts, undone=undone) == end_state([rows])


def snapshot(site: Site) -> Any:
    return site.snapshot("tests.carddata.snapshot")


def large_file(path: Path, rows: int) -> str:
    """Pickups of many cards; one row in fifty cannot be used, one in ten is said twice."""
    rng = random.Random(rows)
    with path.open("w") as file:
        file.write("ID,Card ID,User Mobile,Timestamp\n")
        for number in range(rows):
            card = rng.randrange(rows // 3)
            day = "31-02" if number % 50 == 7 else f"{1 + card % 28:02}-11"
            text = f"{number % 900},ZYW{card:06},05{card:08},{day}-2023 {1 + card % 12}:30 PM\n"
            file.write(text * (2 if number % 10 == 0 else 1))
    return str(path)


def test_ten_kills_and_a_last_run_end_as_one_clean_import(
    make_site: Callable[[], Site], tmp_path: Path
) -> None:
    calm, stormy = make_site(), make_site()
    path = large_file(tmp_path / "pickup large.csv", 40_000)
    worker = calm.start("import_partner_files", path)
    began = time.monotonic()
    worker.wait(timeout=120)
    whole = time.monotonic() - began
    rng = random.Random(7)

    killed = 0
    for _ in range(10):
        worker = stormy.start("import_partner_files", path)
        with suppress(subprocess.TimeoutExpired):
            worker.wait(timeout=rng.uniform(0.1 * whole, 0.45 * whole))
        killed += worker.poll() is None
        worker.kill()
        worker.wait()
    stormy.run("import_partner_files", path, check=False)

    found = snapshot(stormy)
    assert killed >= 3
    assert found == snapshot(calm)
    _, state, total, read, loaded, duplicate, rejected = found["files"][0]
    assert (state, total) == ("done", read)
    assert read == loaded + duplicate + rejected
    assert rejected >= 800


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_database_that_drops_the_connection_costs_nothing_and_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functools import partial

    from carddata.services import importing, reading

    courier()
    monkeypatch.setattr(importing, "read_chunks", partial(reading.read_chunks, size=50))
    rows = [line(card=f"C{number}") for number in range(500)]
    path = tmp_path / "courier.csv"
    path.write_bytes(text_of(*rows))
    cut: list[int] = []

    def pull_the_plug(file: PartnerFile) -> None:
        if file.state == "loading" and file.read in {150, 300} and file.read not in cut:
            cut.append(file.read)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                backend = cursor.fetchone()[0]
            thread = threading.Thread(target=_terminate, args=[backend])
            thread.start()
            thread.join()

    file = import_file(path, on_progress=pull_the_plug).file

    assert (file.state, counts(file), cut) == ("done", (500, 500, 0, 0), [150, 300])
    assert sum("resumed" in note for note in file.notes) == 2
    assert len(status_rows()) == 500


def _terminate(backend: int) -> None:
    """End a server process from a connection of its own, as a restart of the database does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
    connection.close()


@pytest.mark.postgresql
def test_four_processes_with_overlapping_files_end_as_one(
    make_site: Callable[[], Site], tmp_path: Path
) -> None:
    alone, crowd = make_site(), make_site()
    rng = random.Random(3)
    rows = [
        f"{number},ZYW{rng.randrange(300)},05{rng.randrange(9):08},{1 + number % 28:02}-11-2023 3:30 PM\n"
        for number in range(3_000)
    ]
    head = "ID,Card ID,User Mobile,Timestamp\n"
    whole = tmp_path / "pickup all.csv"
    whole.write_text(head + "".join(rows))
    parts = []
    for number in range(4):
        part = tmp_path / f"pickup {number}.csv"
        part.write_text(head + "".join(rng.sample(rows, 1_500) + rows[number::4]))
        parts.append(str(part))
    alone.run("import_partner_files", str(whole))

    workers = [crowd.start("import_partner_files", part) for part in parts]
    codes = [worker.wait(timeout=120) for worker in workers]

    assert codes == [0, 0, 0, 0]
    found, wanted = snapshot(crowd), snapshot(alone)
    assert (found["events"], found["statuses"]) == (wanted["events"], wanted["statuses"])
