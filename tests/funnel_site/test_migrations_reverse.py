"""Every app's migrations go back to nothing and forward again, on a database of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
# The last first: each stands on those after it.
APPS = (
    *("operations", "privacy", "customer360", "reviews", "funnels", "carddata", "conversations"),
    *("access", "audit", "tombstones"),
)
SCRIPT = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

apps = {apps!r}
call_command("migrate", verbosity=0)


def state():
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.table_names(cursor))
        return {{
            table: sorted(connection.introspection.get_constraints(cursor, table))
            for table in tables
            if table.split("_")[0] in apps
        }}


before = state()
for app in apps:
    call_command("migrate", app, "zero", verbosity=0)
left = MigrationRecorder(connection).migration_qs.filter(app__in=apps)
print("left", list(left.values_list("app", "name")), sorted(state()))
call_command("migrate", verbosity=0)
print("same", state() == before)
"""


@pytest.fixture
def own_database(tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of the kind that the tests run on."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'reverse.sqlite3'}"
        return
    name = f"reverse_{uuid4().hex[:12]}"
    given = settings.DATABASES["default"]
    address = (
        f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{name}"
    )
    environment = {**os.environ, "PGPASSWORD": given["PASSWORD"]}
    where = ["-h", given["HOST"], "-p", str(given["PORT"]), "-U", given["USER"], name]
    subprocess.run(["createdb", *where], check=True, env=environment)
    yield address
    subprocess.run(["dropdb", *where], check=True, env=environment)


def test_all_migrations_go_back_to_nothing_and_forward_again(
    own_database: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(apps=APPS)],
        env={
            **os.environ,
            "DATABASE_URL": own_database,
            "VAR_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "funnel_site.settings",
            "SECRET_KEY": "s" * 50,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2_000:]
    assert done.stdout.split("\n")[:2] == ["left [] []", "same True"]
