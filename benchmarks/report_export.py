"""A million funnel rows to CSV, against `psql \\copy` of the same query; and the memory it takes.

DATABASE_URL=postgres://… python -m benchmarks.report_export [--rows 1000000]
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks.databases import ROOT, copy_seconds, fresh_database, set_up_django

FILL = """
INSERT INTO conversations_customer (name, email, phone_number, first_seen_at, last_seen_at)
SELECT 'Customer ' || n, '', '+62812' || lpad(n::text, 8, '0'), now(), now() FROM generate_series(1, {people}) n;
INSERT INTO conversations_room (source, external_id, customer_id, channel, status, started_at, is_declared, owner_key)
SELECT 'crm', 'room-' || n, 1 + n % {people}, 'whatsapp', 'open', now(), false, '' FROM generate_series(1, {rows}) n;
INSERT INTO funnels_funnel (room_id, cycle, is_latest, customer_id, stage, channel, lead_basis, began_at,
  leads_date, booking_date, transaction_date, transaction_value, currency, other_amounts, anomalies,
  is_corrected, updated_at)
SELECT id, 1, true, customer_id, 'transaction', 'whatsapp_ads', 'keyword', now(),
  now() - id * interval '13 seconds', now() - id * interval '11 seconds', now() - id * interval '7 seconds',
  (id % 5000) * 1000, 'IDR', '{{}}', '', false, now() FROM conversations_room;
"""


def fill(url: str, rows: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FILL.format(rows=rows, people=max(rows // 3, 1)))
        connection.execute("VACUUM ANALYZE")


def product_seconds(out: Path, url: str) -> tuple[float, float]:
    """Seconds and peak memory in MB of the product's own command."""
    env = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "manage.py", "export_funnel_report", str(out)],
        cwd=ROOT,
        env=env,
        check=True,
    )
    seconds = time.perf_counter() - started
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def floor_seconds(out: Path, url: str) -> float:
    """Seconds of psql for the very query that the product asks."""
    from funnels.report import ReportQuery
    from funnels.selectors import EXPORT_COLUMNS, report_rows

    rows = report_rows(ReportQuery()).order_by("-leads_date", "-pk").values_list(*EXPORT_COLUMNS)
    return copy_seconds(out, url, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    with fresh_database() as url, tempfile.TemporaryDirectory() as folder:
        set_up_django(url)
        fill(url, given.rows)
        floor = floor_seconds(Path(folder) / "floor.csv", url)
        seconds, memory = product_seconds(Path(folder) / "product.csv", url)
        lines = sum(1 for _ in (Path(folder) / "product.csv").open(encoding="utf-8")) - 1
    assert lines == given.rows, lines
    print(
        f"product: {seconds:6.1f} s  {given.rows / seconds:,.0f} rows/s  peak {memory:.0f} MB (goal below 200)"
    )
    print(
        f"floor:   {floor:6.1f} s  {given.rows / floor:,.0f} rows/s  psql \\copy of the same query"
    )
    print(f"ratio:   {floor / seconds:.2f} (goal 0.3 or better)")


if __name__ == "__main__":
    main()
