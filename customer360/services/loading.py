"""Loading source files: read in batches, judged row by row, written set-based.

The rules: a row is known by its source's id. The same id with other contents is a correction: the row
loaded last counts. Within a file the last line of an id counts, and an earlier one is kept aside as
repeated. A row that cannot be used is kept aside with its line and the reason; one whose customer,
product or campaign is unknown waits and goes in by itself when that row arrives. The number of
statements a batch does not depend on its rows.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.db import IntegrityError, OperationalError, models, transaction
from django.utils.timezone import now

from customer360.models import (
    Campaign,
    CampaignResponse,
    CdpLoad,
    CustomerRecord,
    Product,
    Purchase,
    ServiceInteraction,
    SetAsideRow,
    SourceTable,
    WebsiteVisit,
)
from customer360.services.records import note_new_numbers, place_new_records
from customer360.services.veiling import veil_records
from customer360.signals import products_loaded
from customer360.source_rows import (
    SHAPES,
    CleanRow,
    Defaults,
    RowError,
    clean_row,
    missing_columns,
    table_of,
)
from funnel_site.lib.batches import chunks, insert_rows, update_rows
from funnel_site.lib.marking import marked

BATCH = 5_000
MODELS: dict[str, type[models.Model]] = {
    SourceTable.CUSTOMER_INFO: CustomerRecord,
    SourceTable.PRODUCT_CATALOG: Product,
    SourceTable.MARKETING_CAMPAIGNS: Campaign,
    SourceTable.PURCHASE_TRANSACTIONS: Purchase,
    SourceTable.CUSTOMER_SERVICE: ServiceInteraction,
    SourceTable.CAMPAIGN_RESPONSES: CampaignResponse,
    SourceTable.WEBSITE_BEHAVIOR: WebsiteVisit,
}
FIELD_OF = {"customer_id": "record", "product_id": "product", "campaign_id": "campaign"}
Advance = Callable[[int], None]
State = SetAsideRow.State


class FileRefusedError(Exception):
    """The file is none of the seven tables. The message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file and the table it holds."""

    path: Path
    table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row as it was read."""

    number: int
    row: dict[str, Any]


def find_files(paths: Iterable[Path]) -> list[SourceFile]:
    """The source files in these files and folders, parents first; raises FileRefusedError."""
    files = []
    for path in paths:
        if path.is_dir():
            inside = sorted(
                one for one in path.iterdir() if one.suffix.lower() in (".csv", ".parquet")
            )
            if not inside:
                raise FileRefusedError(f"{path.name}: no .csv or .parquet file in this folder")
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            raise FileRefusedError(f"{path}: there is no such file")
    order = list(SHAPES)
    known = [SourceFile(path=path, table=_table(path)) for path in files]
    return sorted(known, key=lambda file: order.index(file.table))


def _table(path: Path) -> str:
    header = _header(path)
    table = table_of(header)
    if table is not None:
        return table
    named = next((name for name in SHAPES if path.stem.startswith(name)), None)
    if named is None:
        raise FileRefusedError(f"{path.name}: its columns are those of none of the seven tables")
    lacking = ", ".join(missing_columns(named, header))
    raise FileRefusedError(f"{path.name}: these columns are missing: {lacking}")


def _header(path: Path) -> list[str]:
    try:
        if path.suffix.lower() == ".parquet":
            return list(pq.read_schema(path).names)
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [name.strip() for name in next(csv.reader(file), [])]
    except (OSError, ValueError, csv.Error) as error:
        raise FileRefusedError(f"{path.name}: cannot be read as CSV or Parquet") from error


def read_lines(path: Path) -> Iterator[Line]:
    """The rows of a file, a few at a time. Raises OSError or ValueError where it breaks off."""
    if path.suffix.lower() == ".parquet":
        number = 0
        for batch in pq.ParquetFile(path).iter_batches(batch_size=BATCH):
            for row in batch.to_pylist():
                number += 1
                yield Line(number=number, row=row)
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
        for row in reader:
            yield Line(number=reader.line_num, row={k: v for k, v in row.items() if k})


def load_file(
    file: SourceFile, *, defaults: Defaults, user: Any = None, advance: Advance | None = None
) -> CdpLoad:
    """Load one file; the outcome is the returned row. Loading it again changes nothing.

    A file that breaks off half-way ends as failed: what was read before stays.
    """
    load = CdpLoad.objects.create(
        table=file.table, file_name=file.path.name[:300], started_at=now(), started_by=user
    )
    try:
        for lines in chunks(read_lines(file.path), BATCH):
            load_lines(load, lines, defaults=defaults)
            if advance:
                advance(load.read)
        load.state = CdpLoad.State.DONE
    except (OSError, ValueError, csv.Error) as error:
        load.state, load.error = (
            CdpLoad.State.FAILED,
            marked("The file breaks off: %(error)s", error=error)[:300],
        )
    except (IntegrityError, OperationalError):
        # The batch is taken back, and so is what it had counted.
        load.refresh_from_db()
        load.state = CdpLoad.State.FAILED
        load.error = marked(
            "Another load or a message wrote the same rows at this moment: load it again."
        )
    load.finished_at = now()
    load.save()
    return load


def load_rows(
    *, table: str, rows: Iterable[dict[str, Any]], name: str, defaults: Defaults
) -> CdpLoad:
    """Load rows that are in memory, by the same rules as a file's."""
    load = CdpLoad.objects.create(table=table, file_name=name, started_at=now())
    numbered = (Line(number=number, row=row) for number, row in enumerate(rows, start=1))
    for lines in chunks(numbered, BATCH):
        load_lines(load, lines, defaults=defaults)
    load.state, load.finished_at = CdpLoad.State.DONE, now()
    load.save()
    return load


@transaction.atomic
def load_lines(load: CdpLoad, lines: Sequence[Line], *, defaults: Defaults) -> None:
    """One batch of one file: all its rows go somewhere, or none does."""
    rows: dict[str, tuple[Line, CleanRow]] = {}
    aside: list[SetAsideRow] = []
    for line in lines:
        try:
            row = clean_row(load.table, line.row, defaults)
        except RowError as error:
            aside.append(_aside(load, line, State.REJECTED, str(error)))
            load.rejected += 1
            continue
        if row.external_id in rows:
            earlier = rows.pop(row.external_id)[0]
            reason = marked("The same id comes again in line %(line)s.", line=line.number)
            aside.append(_aside(load, earlier, State.REPEATED, reason, row.external_id))
            load.repeated += 1
        rows[row.external_id] = (line, row)
    load.read += len(lines)
    aside += _write(load, list(rows.values()))
    _store_aside(aside)
    load.save()


def _write(load: CdpLoad, rows: Sequence[tuple[Line, CleanRow]]) -> list[SetAsideRow]:
    """Write the rows whose parents are there; returns those that have to wait."""
    ready, waiting = _with_parents(load, rows)
    if load.table == SourceTable.CUSTOMER_INFO:
        veil_records(ready)
    new, changed = _compare(load.table, ready)
    load.added += len(new)
    load.changed += len(changed)
    load.unchanged += len(ready) - len(new) - len(changed)
    load.waiting += len(waiting)
    if load.table == SourceTable.CUSTOMER_INFO:
        place_new_records(new)
    else:
        insert_rows(new)
    if changed:
        numbers = _corrected_numbers(load.table, changed)
        update_rows(changed, _fields(load.table))
        note_new_numbers(numbers)
    if load.table == SourceTable.PRODUCT_CATALOG and (new or changed):
        products_loaded.send(Product, products=[*new, *changed])
    _forget_waiting(load.table, [row.external_id for _, row in rows])
    if new and load.table in _parent_tables():
        load.arrived += let_in(load.table, [row.external_id for row in new])
    return waiting


def _with_parents(
    load: CdpLoad, rows: Sequence[tuple[Line, CleanRow]]
) -> tuple[list[models.Model], list[SetAsideRow]]:
    """Rows as models, with their parents' keys; and those that miss one."""
    model = MODELS[load.table]
    known: dict[str, dict[str, int]] = {}
    for column, table in SHAPES[load.table].parents.items():
        ids = {row.parents[column] for _, row in rows if column in row.parents}
        held = MODELS[table]._default_manager.filter(external_id__in=ids)
        known[column] = dict(held.values_list("external_id", "pk"))
    ready, waiting = [], []
    for line, row in rows:
        lacking = next((c for c, key in row.parents.items() if key not in known[c]), None)
        if lacking is None:
            keys = {f"{FIELD_OF[c]}_id": known[c][key] for c, key in row.parents.items()}
            ready.append(model(external_id=row.external_id, **row.values, **keys))
            continue
        table, key = SHAPES[load.table].parents[lacking], row.parents[lacking]
        one = _aside(load, line, State.WAITING, f"{lacking}: not known yet", row.external_id)
        one.waits_for_table, one.waits_for_id = table, key
        # What held for its file holds when it goes in later.
        one.row |= {name: row.values[name] for name in ("currency",) if name in row.values}
        waiting.append(one)
    return ready, waiting


def _fields(table: str) -> list[str]:
    """What a correction may change: everything but the id, and whose record it is."""
    held = ("id", "external_id", "customer")
    return [f.name for f in MODELS[table]._meta.concrete_fields if f.name not in held]


def _compare(table: str, rows: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Which rows are new, and which differ from what is stored."""
    model = MODELS[table]
    names = [model._meta.get_field(name).attname for name in _fields(table)]  # type: ignore[union-attr]
    keep = ["customer_id"] if table == SourceTable.CUSTOMER_INFO else []
    stored = {
        row[1]: row
        for row in model._default_manager.filter(
            external_id__in=[row.external_id for row in rows]
        ).values_list("pk", "external_id", *names, *keep)
    }
    new, changed = [], []
    for row in rows:
        old = stored.get(row.external_id)
        if old is None:
            new.append(row)
        elif old[2 : 2 + len(names)] != tuple(getattr(row, name) for name in names):
            row.pk = old[0]
            if keep:
                row.customer_id = old[-1]
            changed.append(row)
    return new, changed


def _corrected_numbers(table: str, changed: Sequence[Any]) -> list[CustomerRecord]:
    if table != SourceTable.CUSTOMER_INFO:
        return []
    before = dict(
        CustomerRecord.objects.filter(pk__in=[row.pk for row in changed]).values_list(
            "pk", "phone_number"
        )
    )
    return [row for row in changed if row.phone_number != before[row.pk]]


def _parent_tables() -> set[str]:
    return {parent for shape in SHAPES.values() for parent in shape.parents.values()}


def let_in(parent_table: str, keys: Sequence[str]) -> int:
    """Rows that waited for these go in, or wait for another parent of theirs; returns how many."""
    waiting = SetAsideRow.objects.filter(
        state=State.WAITING, waits_for_table=parent_table, waits_for_id__in=keys
    )
    rows = list(waiting.select_related("load").order_by("pk"))
    arrived = 0
    for table in {row.table for row in rows}:
        held = [row for row in rows if row.table == table]
        SetAsideRow.objects.filter(pk__in=[row.pk for row in held]).delete()
        inner = CdpLoad(pk=held[-1].load_id, table=table)
        clean = {one.external_id: (Line(number=one.line, row=one.row), _again(one)) for one in held}
        _store_aside(_write(inner, list(clean.values())))
        arrived += inner.added + inner.changed + inner.unchanged
    return arrived


def _again(row: SetAsideRow) -> CleanRow:
    """The waiting row's clean values; it was clean when it was set aside."""
    return clean_row(row.table, row.row, Defaults(region="", currency=""))


def _forget_waiting(table: str, keys: Sequence[str]) -> None:
    """An older version of a row that waits is out of date once the row comes again."""
    if SHAPES[table].parents:
        SetAsideRow.objects.filter(state=State.WAITING, table=table, external_id__in=keys).delete()


def _aside(
    load: CdpLoad, line: Line, state: str, reason: str, external_id: str = ""
) -> SetAsideRow:
    shape = SHAPES[load.table]
    key = external_id or str(line.row.get(shape.id_column) or "")[:64]
    return SetAsideRow(
        load_id=load.pk,
        table=load.table,
        state=state,
        line=line.number,
        external_id=key,
        row={name: _plain(value) for name, value in line.row.items()},
        reason=reason[:300],
    )


def _plain(value: Any) -> Any:
    """A cell as JSON can hold it; NUL characters are in no database."""
    if value is None or isinstance(value, bool | int):
        return value
    return str(value).replace("\x00", "")


def _store_aside(rows: Sequence[SetAsideRow]) -> None:
    insert_rows(rows)
