"""What tests share: keys, keywords, deliveries, and databases of their own for real processes."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.test import Client

from carddata.services.partners import configure_partners
from conversations.models import ErrorMeaning
from funnel_site.access.models import Scope
from funnel_site.access.services import create_api_key
from funnels.services.keywords import sync_keywords
from tests.sheets_server import _sheets_key, sheets_server  # noqa: F401 - fixtures for every test

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """SQLite empties tables between tests by DELETE, PostgreSQL by TRUNCATE: the trail refuses both.

    The audit package's own table, unused here, stops a TRUNCATE, too. Where no test of the run uses a
    database none was made, and the connection is that of the settings: nothing is dropped there.
    """
    if not _is_test_database():
        return
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            _drop_trigger()
        else:
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE IF EXISTS auditlog_logentry")
                for table in ("audit_auditentry", "audit_auditpruning"):
                    cursor.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")


def _is_test_database() -> bool:
    if connection.vendor == "sqlite":
        return bool(connection.is_in_memory_db())  # type: ignore[attr-defined]
    return str(connection.settings_dict["NAME"]).startswith(TEST_DATABASE_PREFIX)


def _drop_trigger() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER IF EXISTS audit_auditentry_no_delete")
        cursor.execute("DROP TRIGGER IF EXISTS audit_auditpruning_no_delete")


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _no_work_outlives_its_test() -> Iterator[None]:
    """Wait for files that a site without a broker works on beside the request."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("partner "):
            thread.join(timeout=30)


@pytest.fixture(scope="session", autouse=True)
def _no_session_outlives_the_tests(
    request: pytest.FixtureRequest, django_db_blocker: Any
) -> Iterator[None]:
    """End what still hangs on the test database, as a thread of the live server: else it cannot be dropped."""
    request.getfixturevalue("django_db_setup")
    yield
    if connection.vendor == "postgresql" and _is_test_database():
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@receiver(post_migrate)
def _known_things_again(sender: Any, **kwargs: Any) -> None:
    """What migrations put in place, put in place again after a test that empties all tables."""
    if sender.name == "carddata":
        configure_partners()
    elif sender.name == "conversations":
        wanted = import_module("conversations.migrations.0003_error_meanings").MEANINGS
        ErrorMeaning.objects.bulk_create(
            [ErrorMeaning(code=code, words=words, action=action) for code, words, action in wanted],
            ignore_conflicts=True,
        )


@pytest.fixture
def keywords(db: None) -> None:
    """The starter keywords, as a fresh site has them."""
    assert not sync_keywords(source=str(ROOT / "funnels/starter_keywords.csv")).error


@pytest.fixture
def api_key(db: None) -> str:
    """A key with every scope."""
    return create_api_key(name="tests", scopes=Scope.values)[1]


@dataclass
class Api:
    """A client that sends a key and JSON."""

    client: Client
    key: str

    def post(self, path: str, value: Any, **headers: str) -> Any:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.client.post(
            path,
            data=body,
            content_type=headers.pop("content_type", "application/json"),
            headers={"Authorization": f"Api-Key {self.key}", **headers},
        )

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, query, headers={"Authorization": f"Api-Key {self.key}"})


@pytest.fixture
def api(client: Client, api_key: str) -> Api:
    return Api(client, api_key)


def sign(body: bytes, *, secret: str, webhook_id: str, timestamp: int | str) -> str:
    """A Standard Webhooks v1 signature, computed by the scheme's text and not by its library."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


Deliver = Callable[..., Any]


@pytest.fixture
def deliver(client: Client, db: None) -> Deliver:
    """Post a signed CRM delivery; keyword arguments replace parts of it."""

    def post(
        value: Any,
        *,
        path: str = "/webhooks/messages",
        webhook_id: str = "",
        secret: str = "",
        timestamp: int | str | None = None,
        **headers: str,
    ) -> Any:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        webhook_id = webhook_id or f"msg_{uuid4().hex}"
        moment = int(time.time()) if timestamp is None else timestamp
        signature = sign(
            body,
            secret=secret or settings.WEBHOOK_SECRETS[0],
            webhook_id=webhook_id,
            timestamp=moment,
        )
        given = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(moment),
            "webhook-signature": signature,
            **headers,
        }
        return client.post(path, data=body, content_type="application/json", headers=given)

    return post


@dataclass
class Site:
    """A site of its own: a database that real processes share, driven by its commands."""

    env: dict[str, str]

    def run(self, *args: str, check: bool = True, stdin: bytes | None = None) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *args],
            cwd=ROOT,
            env=self.env,
            input=stdin,
            capture_output=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(done.stderr.decode()[-2_000:])
        return done.stdout.decode()

    def start(self, *args: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "manage.py", *args],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def snapshot(self) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "tests.snapshots"],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            check=True,
        )
        return json.loads(done.stdout)


def _environment(database_url: str, var: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url,
        "VAR_DIR": str(var),
    }


@pytest.fixture(scope="session")
def _site_template(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Path]:
    """One migrated site with starter keywords, of which each site of a test is a copy."""
    var = tmp_path_factory.mktemp("template")
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            _execute(f'CREATE DATABASE "{_template_name()}"')
        site = Site(_environment(_site_url(_template_name(), var), var))
        site.run("migrate", "--verbosity", "0")
        site.run("sync_keywords", "--from", "funnels/starter_keywords.csv")
        yield var
        if connection.vendor == "postgresql":
            _execute(f'DROP DATABASE IF EXISTS "{_template_name()}" WITH (FORCE)')


def _template_name() -> str:
    return f"{connection.settings_dict['NAME']}_template"


def _site_url(name: str, var: Path) -> str:
    if connection.vendor == "sqlite":
        return f"sqlite:///{var / 'site.sqlite3'}"
    values = connection.settings_dict
    host, port = values["HOST"] or "localhost", values["PORT"] or 5432
    return f"postgres://{values['USER']}:{values['PASSWORD']}@{host}:{port}/{name}"


@pytest.fixture
def make_site(
    tmp_path: Path, _site_template: Path, django_db_blocker: Any
) -> Iterator[Callable[[], Site]]:
    """Make migrated sites with starter keywords, on the engine that the tests run on."""
    made: list[str] = []

    def make() -> Site:
        name = f"funnel_site_{uuid4().hex[:12]}"
        var = shutil.copytree(_site_template, tmp_path / name)
        if connection.vendor == "postgresql":
            with django_db_blocker.unblock():
                _execute(f'CREATE DATABASE "{name}" TEMPLATE "{_template_name()}"')
            made.append(name)
        return Site(_environment(_site_url(name, var), var))

    yield make
    with django_db_blocker.unblock():
        for name in made:
            _execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _execute(statement: str) -> None:
    """A statement that may not stand in a transaction."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def _on_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is nothing to race")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("postgresql"):
            item.fixturenames.insert(0, "_on_postgresql")  # type: ignore[attr-defined]
