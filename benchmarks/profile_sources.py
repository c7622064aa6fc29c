"""Sources of any number of customers for the benchmark of builds, made once and copied ever after.

Each customer has ten purchases on average, one service case, two visits and one campaign response. All
rows are made by set-based statements with the triggers off (a first build takes everybody anyway) and
without the tables' further indexes and constraints, which are put back as they were.
"""

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Process
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

from benchmarks.databases import server_url, set_up_django

FILL = """
INSERT INTO conversations_customer (id, name, email, phone_number, first_seen_at, last_seen_at)
    SELECT n, '', '', '+62899' || lpad(n::text, 8, '0'), '2025-01-01', '2025-01-01'
    FROM generate_series(1, {customers}) n;
INSERT INTO customer360_customerrecord (id, external_id, first_name, last_name, email, phone_number,
    phone_text, date_of_birth, registration_date, customer_id)
    SELECT n, n::text, 'First', 'Last', '', '', '', DATE '1950-01-01' + n % 20000,
    DATE '2024-01-01' + n % 500, n FROM generate_series(1, {customers}) n;
INSERT INTO customer360_product (id, external_id, product_name, category, brand)
    SELECT n, n::text, 'Product ' || n, 'Category ' || n % 8, 'Brand ' || n % 30
    FROM generate_series(1, 500) n;
INSERT INTO customer360_campaign (id, external_id, campaign_name, start_date, channel, target_audience)
    SELECT n, n::text, 'Campaign ' || n, DATE '2025-06-01' + n * 10,
    (ARRAY['email', 'print', 'radio'])[1 + n % 3], (ARRAY['all', 'young adults', 'seniors', 'parents'])[1 + n % 4]
    FROM generate_series(1, 20) n;
INSERT INTO customer360_purchase (id, external_id, record_id, product_id, purchase_date, quantity,
    total_amount, currency, store_id)
    SELECT n, n::text, 1 + floor({customers} * pow(random(), 1.7))::bigint, 1 + floor(random() * 500)::bigint,
    DATE '2025-07-01' + floor(random() * 365)::int, CASE WHEN n % 50 = 0 THEN -1 ELSE 1 + n % 4 END,
    CASE WHEN n % 50 = 0 THEN -1 ELSE 1 END * round((exp(random() * 4) * 10000)::numeric, 2),
    'IDR', '' FROM generate_series(1, {customers} * 10) n;
INSERT INTO customer360_serviceinteraction (id, external_id, record_id, interaction_date,
    interaction_type, product_id, resolution_status, satisfaction_score)
    SELECT n, n::text, 1 + floor(random() * {customers})::bigint, DATE '2025-07-01' + floor(random() * 365)::int,
    (ARRAY['complaint', 'inquiry', 'feedback'])[1 + n % 3], 1 + n % 500, '', 1 + n % 10
    FROM generate_series(1, {customers}) n;
INSERT INTO customer360_websitevisit (id, external_id, record_id, visit_date, pages_viewed, time_spent, source)
    SELECT n, n::text, 1 + floor(random() * {customers})::bigint, DATE '2025-07-01' + floor(random() * 365)::int,
    1 + n % 20, n % 1800, 'direct' FROM generate_series(1, {customers} * 2) n;
INSERT INTO customer360_campaignresponse (id, external_id, record_id, campaign_id, response_date, response_type)
    SELECT n, n::text, 1 + floor(random() * {customers})::bigint, 1 + n % 20, DATE '2026-01-01',
    (ARRAY['click', 'purchase', 'unsubscribe'])[1 + n % 3] FROM generate_series(1, {customers}) n;
"""
TABLES = (
    "conversations_customer",
    *(
        f"customer360_{name}"
        for name in (
            "customerrecord",
            "product",
            "campaign",
            "purchase",
            "serviceinteraction",
            "websitevisit",
            "campaignresponse",
        )
    ),
)


def template_name(customers: int) -> str:
    """The name of the kept database: by size and by what it is filled with."""
    return f"funnel_sources_{customers}_{hashlib.sha256(FILL.encode()).hexdigest()[:8]}"


def has_database(name: str) -> bool:
    """Whether the server has a database of this name."""
    with psycopg.connect(server_url(), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return found.fetchone() is not None


def fill(customers: int) -> None:
    """Make the sources in the migrated, empty database that Django is connected to."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET work_mem = '256MB'")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute("SELECT setseed(0.5)")
        with _without_indexes(cursor):
            for statement in FILL.format(customers=customers).split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
        for table in TABLES:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            )
        cursor.execute("RESET ALL")
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def _without_indexes(cursor: Any) -> Iterator[None]:
    """Take down what slows a bulk insert, and make it again exactly as the migrations did."""
    tables = list(TABLES)
    cursor.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid::regclass::text = ANY(%s) AND contype IN ('u', 'f')"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint AS by WHERE by.contype = 'f'"
        " AND by.conindid = pg_constraint.conindid AND pg_constraint.contype = 'u')",
        [tables],
    )
    constraints = cursor.fetchall()
    for table, name, _ in constraints:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    cursor.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " WHERE i.indrelid::regclass::text = ANY(%s)"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        [tables],
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        cursor.execute(definition)
    for table, name, definition in constraints:
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


@contextmanager
def filled_database(customers: int) -> Iterator[str]:
    """A database with the sources of so many customers, dropped afterwards; yields its URL.

    It is a copy of a template that the first run makes and later runs find (dropdb it when done).
    """
    server, template = server_url(), template_name(customers)
    if not has_database(template):
        _make_template(server, template, customers)
    name = f"funnel_bench_{uuid4().hex[:10]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _make_template(server: str, template: str, customers: int) -> None:
    """Fill a database and give it its name once it is whole; in a process of its own, for Django is
    set up once."""
    making = f"{template}_making"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{making}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{making}"')
    url = urlunsplit(urlsplit(server)._replace(path=f"/{making}"))
    made = Process(target=_set_up_and_fill, args=(url, customers))
    made.start()
    made.join()
    if made.exitcode:
        sys.exit("The sources could not be made.")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{making}" RENAME TO "{template}"')


def _set_up_and_fill(url: str, customers: int) -> None:
    set_up_django(url)
    started = time.perf_counter()
    fill(customers)
    print(
        f"{customers:,} customers, {customers * 10:,} purchases made"
        f" in {time.perf_counter() - started:.0f} s",
        flush=True,
    )
