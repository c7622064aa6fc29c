"""A PostgreSQL database of its own for a benchmark, made from DATABASE_URL and dropped afterwards."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

ROOT = Path(__file__).resolve().parent.parent


def server_url() -> str:
    """The server that DATABASE_URL names; a benchmark without PostgreSQL says little."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        sys.exit("Set DATABASE_URL=postgres://… : the benchmarks compare with PostgreSQL itself.")
    return url


@contextmanager
def fresh_database() -> Iterator[str]:
    """Create an empty database and set DATABASE_URL to it; yields its URL."""
    url = server_url()
    name = f"funnel_bench_{uuid4().hex[:10]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    made = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    try:
        yield made
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def set_up_django(url: str) -> None:
    """Load the product against this database, migrated, with the starter keywords."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    os.environ["DATABASE_URL"] = url
    sys.path.insert(0, str(ROOT))
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from funnels.services.keywords import sync_keywords

    assert not sync_keywords(source=str(ROOT / "funnels/starter_keywords.csv")).error


def copy_seconds(out: Path, url: str, rows: Any) -> float:
    """Seconds in which psql writes the rows of a queryset to a file: what an export is measured by."""
    with psycopg.connect(url) as connection:
        text = psycopg.ClientCursor(connection).mogrify(*rows.query.sql_with_params())
    started = time.perf_counter()
    subprocess.run(["psql", "-q", url, "-c", f"\\copy ({text}) TO '{out}' CSV HEADER"], check=True)
    return time.perf_counter() - started
