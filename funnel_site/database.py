"""DATABASE_URL to Django's DATABASES entry, with what each engine needs to be safe."""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

SQLITE_OPTIONS = {
    # IMMEDIATE: a transaction that reads, then writes, never fails half-way on another writer.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;",
}
POOL = {"min_size": 1, "max_size": 16, "timeout": 10}


def database_settings(
    url: str, *, pool: bool, statement_timeout_ms: int, prepare: bool = True
) -> dict[str, Any]:
    """The entry for one URL; raises ImproperlyConfigured naming DATABASE_URL.

    `prepare` lets the busiest statements be planned once a connection; a pooler in between that
    changes connections under a session cannot have it.
    """
    try:
        entry: dict[str, Any] = environ.Env.db_url_config(url)
    except Exception as error:
        raise ImproperlyConfigured("DATABASE_URL cannot be read; see .env.example") from error
    match entry.get("ENGINE"):
        case "django.db.backends.sqlite3":
            Path(entry["NAME"]).parent.mkdir(parents=True, exist_ok=True)
            entry["OPTIONS"] = {**SQLITE_OPTIONS, **entry.get("OPTIONS", {})}
        case "django.db.backends.postgresql":
            _prepare_postgresql(entry, pool=pool, statement_timeout_ms=statement_timeout_ms)
            entry["OPTIONS"].setdefault("prepare_threshold", 5 if prepare else None)
        case _:
            raise ImproperlyConfigured("DATABASE_URL must be sqlite:///… or postgres://…")
    return entry


def _prepare_postgresql(entry: dict[str, Any], *, pool: bool, statement_timeout_ms: int) -> None:
    options = entry.setdefault("OPTIONS", {})
    options.setdefault(
        "options",
        f"-c statement_timeout={statement_timeout_ms} -c lock_timeout=10000"
        " -c idle_in_transaction_session_timeout=30000",
    )
    if pool:
        # Only the web tier: Celery closes Django's pool at every task.
        options["pool"] = POOL
    else:
        entry["CONN_MAX_AGE"] = 60
        entry["CONN_HEALTH_CHECKS"] = True
