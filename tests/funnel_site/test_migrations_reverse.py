"""Every app's migrations go back to nothing and forward again, on a database of their own."""

import subprocess
import sys
from collections.abc import Callable

from tests.conftest import ROOT, Site

APPS = (
    *("operations", "privacy", "customer360", "reviews", "funnels", "carddata", "conversations"),
    *("access", "audit", "exports", "imports", "tombstones"),
)
SCRIPT = """
import django
django.setup()
from django.core.management import call_command
from django.core.management.sql import emit_pre_migrate_signal
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

apps = {apps!r}


def state():
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.table_names(cursor))
        return {{
            table: sorted(connection.introspection.get_constraints(cursor, table))
            for table in tables
            if table.split("_")[0] in apps
        }}


before = state()
# The command takes the triggers of this app off the tables of the others.
call_command("migrate", "customer360", "zero", verbosity=0)
emit_pre_migrate_signal(verbosity=0, interactive=False, db="default")
MigrationExecutor(connection).migrate([(app, None) for app in apps])
left = MigrationRecorder(connection).migration_qs.filter(app__in=apps)
print("left", list(left.values_list("app", "name")), sorted(state()))
call_command("migrate", verbosity=0)
print("same", bool(before) and state() == before)
"""


def test_all_migrations_go_back_to_nothing_and_forward_again(make_site: Callable[[], Site]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(apps=APPS)],
        env=make_site().env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2_000:]
    assert done.stdout.split("\n")[:2] == ["left [] []", "same True"]
