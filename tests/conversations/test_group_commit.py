"""Deliveries that gather while another commit runs: one statement for all, a result for each."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext

from conversations.models import InboundEvent
from conversations.services import group_commit
from conversations.services.group_commit import GroupCommit
from conversations.services.inbox import Delivery, Stored, store_deliveries

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def commits() -> GroupCommit:
    return GroupCommit()


@contextmanager
def held_writer(commits: GroupCommit, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The first writer stops before its statement until the block ends; yields the sizes written."""
    may_go, sizes = threading.Event(), []

    def slow(**given: object) -> list[Stored]:
        assert may_go.wait(10)
        sizes.append(len(given["deliveries"]))  # type: ignore[arg-type]
        return store_deliveries(**given)  # type: ignore[arg-type]

    monkeypatch.setattr(group_commit, "store_deliveries", slow)
    yield sizes
    may_go.set()


def gather(
    commits: GroupCommit, monkeypatch: pytest.MonkeyPatch, keys: list[str]
) -> tuple[list[Stored | Exception], list[int]]:
    """Store each key from a thread of its own, all of them waiting for the first; results by key's place."""

    def store(key: str) -> Stored | Exception:
        try:
            return commits.store(source="s", delivery=Delivery(key=key, body=b"{}"))
        except (DatabaseError, ValueError) as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(keys)) as pool:
        with held_writer(commits, monkeypatch) as sizes:
            futures = [pool.submit(store, keys[0])]
            wait_until(lambda: commits._is_writing and not commits._line)
            for count, key in enumerate(keys[1:], start=1):
                futures.append(pool.submit(store, key))
                wait_until(lambda count=count: len(commits._line) == count)
        results = [future.result(timeout=20) for future in futures]
    return results, sizes


def wait_until(happened: object, seconds: float = 5) -> None:
    pause = threading.Event()
    for _ in range(int(seconds * 500)):
        if happened():  # type: ignore[operator]
            return
        pause.wait(0.002)
    raise AssertionError("it did not happen in time")


def test_what_gathers_shares_a_statement_and_each_learns_its_own_row(
    commits: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"key-{number}" for number in range(9)]
    results, sizes = gather(commits, monkeypatch, keys)
    assert sizes == [1, 8]
    kept = dict(InboundEvent.objects.values_list("dedupe_key", "pk"))
    assert [result.event_id for result in results] == [kept[key] for key in keys]  # type: ignore[union-attr]
    assert not any(result.is_duplicate for result in results)  # type: ignore[union-attr]


def test_the_same_delivery_several_times_in_one_group_is_kept_once(
    commits: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, sizes = gather(commits, monkeypatch, ["first", "again", "again", "first", "again"])
    assert sizes == [1, 4]
    assert InboundEvent.objects.count() == 2
    assert [result.is_duplicate for result in results] == [False, False, True, True, True]  # type: ignore[union-attr]


def test_one_that_the_database_refuses_does_not_take_the_others_along(
    commits: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = "k" * 5000 if connection.vendor == "postgresql" else "k\ud800"
    results, _ = gather(commits, monkeypatch, ["first", "good", bad, "fine"])
    assert [isinstance(result, Stored) for result in results] == [True, True, False, True]
    assert set(InboundEvent.objects.values_list("dedupe_key", flat=True)) == {
        "first",
        "good",
        "fine",
    }


def test_a_database_that_is_away_is_everyones_error_and_nothing_is_kept(
    commits: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**given: object) -> list[Stored]:
        raise OperationalError("gone")

    monkeypatch.setattr(group_commit, "store_deliveries", away)
    with pytest.raises(OperationalError):
        commits.store(source="s", delivery=Delivery(key="a", body=b"{}"))
    monkeypatch.undo()
    assert commits.store(source="s", delivery=Delivery(key="a", body=b"{}")).event_id
    assert InboundEvent.objects.count() == 1


def test_a_writer_that_is_stopped_leaves_the_door_open(
    commits: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(**given: object) -> list[Stored]:
        raise SystemExit

    monkeypatch.setattr(group_commit, "store_deliveries", stopped)
    with pytest.raises(SystemExit):
        commits.store(source="s", delivery=Delivery(key="a", body=b"{}"))
    monkeypatch.undo()
    assert not commits.store(source="s", delivery=Delivery(key="a", body=b"{}")).is_duplicate


def test_many_threads_lose_nothing(commits: GroupCommit) -> None:
    def store(number: int) -> int:
        try:
            return commits.store(
                source="s", delivery=Delivery(key=f"k{number % 150}", body=b"{}")
            ).event_id
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        ids = list(pool.map(store, range(300)))
    kept = dict(InboundEvent.objects.values_list("dedupe_key", "pk"))
    assert len(kept) == 150
    assert ids == [kept[f"k{number % 150}"] for number in range(300)]


def test_inside_a_transaction_of_the_callers_nobody_else_is_written(commits: GroupCommit) -> None:
    from django.db import transaction

    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        commits.store(source="s", delivery=Delivery(key="mine", body=b"{}"))
        assert not commits._line
    assert len(queries) == 1
