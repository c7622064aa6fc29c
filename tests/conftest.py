"""What tests share: keys, keywords, deliveries, and databases of their own for real processes."""

import base64
import gc
import hashlib
import hmac
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client, TransactionTestCase

from funnel_site.access.models import Scope
from funnel_site.access.services import create_api_key
from funnels.services.keywords import sync_keywords
from tests import databases
from tests.forking import Loaded, Process
from tests.sheets_server import _sheets_key, sheets_server  # noqa: F401 - fixtures for every test

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "template"
USE_A_DATABASE = {"db", "transactional_db", "live_server", "make_site"}
LONG = {
    "test_every_page",
    "test_journeys",
    "test_crawl",
    "test_migrations_reverse",
    "test_order_freeness",
    "test_imports_are_order_free",
    "test_build_equality",
    "test_killed_workers",
    "test_quickstart",
    "test_role_walk",
    "test_waking",
    "test_drop",
    "test_agent_journey",
    "test_statuses",
    "test_figures_and_rows",
    "test_at_once",
}
"""Files of tests that take longest."""
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A migrated database, kept aside as migrations leave it: tests that commit put it back from there.

    Where no test of the run uses a database none was made, and the connection is that of the settings:
    nothing is changed there.
    """
    if not databases.is_of_tests():
        yield
        return
    with django_db_blocker.unblock():
        databases.keep()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test: databases.put_back())
        yield
    with django_db_blocker.unblock():
        databases.drop_kept()


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
    if connection.vendor == "postgresql" and databases.is_of_tests():
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
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
    loaded: list[Loaded] = field(default_factory=list)

    def run(self, *args: str, check: bool = True, stdin: bytes | None = None) -> str:
        return self._told("manage", *args, check=check, stdin=stdin or b"")

    def start(self, *args: str) -> Process:
        with Path(os.devnull).open("r+b") as nowhere:
            return self._loaded().start("manage", *args, files=(nowhere, nowhere, nowhere))

    def snapshot(self, module: str = "tests.snapshots") -> Any:
        return json.loads(self._told(module))

    def close(self) -> None:
        for one in self.loaded:
            one.close()

    def _told(self, module: str, *args: str, check: bool = True, stdin: bytes = b"") -> str:
        with TemporaryFile() as given, TemporaryFile() as said, TemporaryFile() as wrong:
            given.write(stdin)
            for file in (given, said, wrong):
                file.seek(0)
            code = self._loaded().start(module, *args, files=(given, said, wrong)).wait()
            for file in (said, wrong):
                file.seek(0)
            if check and code:
                raise AssertionError(wrong.read().decode()[-2_000:])
            return said.read().decode()

    def _loaded(self) -> Loaded:
        """Who has loaded the site with the variables of now."""
        if not self.loaded or self.loaded[-1].env != self.env:
            self.loaded.append(Loaded(self.env))
        return self.loaded[-1]


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
        databases.copy(databases.KEPT, TEMPLATE, var)
        site = Site(_environment(databases.url(TEMPLATE, var), var))
        site.run("sync_keywords", "--from", "funnels/starter_keywords.csv")
        site.close()
        yield var
        databases.drop(TEMPLATE)


@pytest.fixture
def make_site(
    tmp_path: Path, _site_template: Path, django_db_blocker: Any
) -> Iterator[Callable[[], Site]]:
    """Make migrated sites with starter keywords, on the engine that the tests run on."""
    made: dict[str, Site] = {}

    def make() -> Site:
        name = f"funnel_site_{uuid4().hex[:12]}"
        var = shutil.copytree(_site_template, tmp_path / name)
        with django_db_blocker.unblock():
            databases.copy(TEMPLATE, name, var)
        made[name] = Site(_environment(databases.url(name, var), var))
        return made[name]

    yield make
    for name, site in made.items():
        site.close()
        with django_db_blocker.unblock():
            databases.drop(name)


@pytest.fixture
def _on_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is nothing to race")


def pytest_collection_finish() -> None:
    """What was collected stays to the end: it is not looked through for garbage at each turn."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names: list[str] = getattr(item, "fixturenames", [])
        if item.get_closest_marker("postgresql"):
            names.insert(0, "_on_postgresql")
        if "make_site" in names and not item.get_closest_marker("django_db"):
            # Sites are copies of the run's database: without a test of it none is made.
            item.add_marker("django_db")
        if not item.get_closest_marker("django_db") and not USE_A_DATABASE.intersection(names):
            item.add_marker("apart")
    items[:] = _longest_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _longest_first(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """The same tests; each worker, who is given one part of them after the other, begins with long ones.

    Who begins a long one when the others are done keeps all waiting.
    """
    longest = [item for item in items if item.path.stem in LONG]
    others = iter([item for item in items if item.path.stem not in LONG])
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        own = longest[worker::workers]
        ordered += [*own, *islice(others, len(items) // workers - len(own))]
    return [*ordered, *others]
