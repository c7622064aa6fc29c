"""Triggers that note which customers and days a change touches, whoever makes it.

The application, the admin, a bulk load, a join and a hand at the database's console all write the
source tables; a trigger sees them all, where a timestamp column would miss deletions and moves. They
are installed after every `migrate`, for the apps that are there. On SQLite they are taken down before,
because a migration that rebuilds a table stumbles over triggers that name it.
"""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection

PREFIX = "customer360_note"
CUSTOMERS, DAYS = "customer360_changedcustomer", "customer360_changedday"
RECORDS = "customer360_customerrecord"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A table, the columns that profiles depend on, and whom and which days a row touches.

    `{rows}` are the changed rows with at least these columns.
    """

    app: str
    table: str
    columns: tuple[str, ...]
    customers: tuple[str, ...]
    days: tuple[str, ...] = ()


OWN = "SELECT customer_id FROM {rows} t WHERE customer_id IS NOT NULL"
OF_RECORD = f"SELECT r.customer_id FROM {{rows}} t JOIN {RECORDS} r ON r.id = t.record_id"
OF_PRODUCT = (
    f"SELECT r.customer_id FROM {{rows}} t JOIN {{table}} c ON c.product_id = t.id"
    f" JOIN {RECORDS} r ON r.id = c.record_id"
)
# The day in the site's zone is the day in UTC or one of its neighbours.
UTC_DAYS = {
    "postgresql": (
        "SELECT (transaction_date AT TIME ZONE 'UTC')::date + shift FROM {rows} t,"
        " (VALUES (-1), (0), (1)) AS s(shift) WHERE transaction_date IS NOT NULL"
    ),
    "sqlite": (
        "SELECT date(transaction_date, shift) FROM {rows} t, (SELECT '-1 day' AS shift UNION ALL"
        " SELECT '0 day' UNION ALL SELECT '1 day') WHERE transaction_date IS NOT NULL"
    ),
}
NEAR_DAYS = "{utc_days}"

TRACKED = (
    Tracked(
        app="conversations",
        table="conversations_customer",
        columns=("id", "first_seen_at"),
        customers=("SELECT id FROM {rows} t",),
    ),
    Tracked(
        app="conversations",
        table="conversations_room",
        columns=("customer_id", "started_at"),
        customers=(OWN,),
    ),
    Tracked(
        app="funnels",
        table="funnels_funnel",
        columns=(
            "customer_id",
            "transaction_date",
            "transaction_value",
            "currency",
            "other_amounts",
        ),
        customers=(f"{OWN} AND transaction_date IS NOT NULL",),
        days=(NEAR_DAYS,),
    ),
    Tracked(
        app="reviews",
        table="reviews_review",
        columns=("customer_id", "rating", "created_at"),
        customers=(OWN,),
        days=("{utc_days}".replace("utc_days", "review_days"),),
    ),
    Tracked(
        app="customer360",
        table=RECORDS,
        columns=("customer_id", "registration_date", "date_of_birth"),
        customers=(OWN,),
    ),
    Tracked(
        app="customer360",
        table="customer360_purchase",
        columns=(
            "record_id",
            "product_id",
            "purchase_date",
            "quantity",
            "total_amount",
            "currency",
        ),
        customers=(OF_RECORD,),
        days=("SELECT purchase_date FROM {rows} t",),
    ),
    Tracked(
        app="customer360",
        table="customer360_serviceinteraction",
        columns=(
            "record_id",
            "interaction_date",
            "interaction_type",
            "product_id",
            "satisfaction_score",
        ),
        customers=(OF_RECORD,),
        days=("SELECT interaction_date FROM {rows} t",),
    ),
    Tracked(
        app="customer360",
        table="customer360_campaignresponse",
        columns=("record_id", "campaign_id", "response_date", "response_type"),
        customers=(OF_RECORD,),
    ),
    Tracked(
        app="customer360",
        table="customer360_websitevisit",
        columns=("record_id", "visit_date", "pages_viewed", "time_spent"),
        customers=(OF_RECORD,),
    ),
    Tracked(
        app="customer360",
        table="customer360_product",
        columns=("id", "category", "brand"),
        customers=(
            OF_PRODUCT.replace("{table}", "customer360_purchase"),
            OF_PRODUCT.replace("{table}", "customer360_serviceinteraction"),
        ),
        days=(
            "SELECT c.purchase_date FROM {rows} t"
            " JOIN customer360_purchase c ON c.product_id = t.id",
        ),
    ),
    Tracked(
        app="customer360",
        table="customer360_campaign",
        columns=("start_date", "channel", "target_audience"),
        # A campaign counts as offered to everybody in its audience.
        customers=(f"SELECT customer_id FROM {RECORDS} WHERE EXISTS (SELECT 1 FROM {{rows}} t)",),
    ),
)


def install(**_: Any) -> None:
    """Put the triggers in place. Doing it again changes nothing."""
    statements = _postgresql if connection.vendor == "postgresql" else _sqlite
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        if not {CUSTOMERS, DAYS} <= tables:
            # Taken back, or not there yet: a trigger would stop every write to the source tables.
            for tracked in TRACKED:
                if tracked.table in tables:
                    _drop(cursor, tracked.table)
            return
        for tracked in TRACKED:
            if apps.is_installed(tracked.app) and tracked.table in tables:
                for statement in statements(tracked):
                    cursor.execute(statement)


def remove(**_: Any) -> None:
    """Take the triggers down before a migration; only SQLite needs it."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s",
            [f"{PREFIX}%"],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")


def _drop(cursor: Any, table: str) -> None:
    """Take a table's triggers down, if it has them."""
    if connection.vendor == "postgresql":
        for operation in ("insert", "update", "delete"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {PREFIX}_{operation} ON {table}")
    else:
        for operation in ("insert", "update", "delete"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {PREFIX}_{table}_{operation}")


def _noting(tracked: Tracked, rows: str) -> list[str]:
    """The statements that note what `rows` touch."""
    shared = UTC_DAYS[connection.vendor]
    days = [
        sql.replace("{utc_days}", shared).replace(
            "{review_days}", shared.replace("transaction_date", "created_at")
        )
        for sql in tracked.days
    ]
    pairs = [(CUSTOMERS, "customer_id", sql) for sql in tracked.customers]
    pairs += [(DAYS, "day", sql) for sql in days]
    return [
        f"INSERT INTO {table} ({column}) SELECT DISTINCT * FROM"
        f" ({sql.replace('{rows}', rows)}) AS touched;"
        for table, column, sql in pairs
    ]


def _postgresql(tracked: Tracked) -> list[str]:
    """One function and three triggers a table, each run once a statement."""
    name = f"{PREFIX}_{tracked.table}"
    watched = ", ".join(tracked.columns)
    differs = (
        f"(SELECT {{0}}.* FROM new_rows n JOIN old_rows o ON n.id = o.id WHERE"
        f" ({', '.join('n.' + one for one in tracked.columns)}) IS DISTINCT FROM"
        f" ({', '.join('o.' + one for one in tracked.columns)}))"
    )
    assert watched
    update = _noting(tracked, differs.format("n")) + _noting(tracked, differs.format("o"))
    body = (
        f"IF TG_OP = 'INSERT' THEN {' '.join(_noting(tracked, 'new_rows'))}"
        f" ELSIF TG_OP = 'DELETE' THEN {' '.join(_noting(tracked, 'old_rows'))}"
        f" ELSE {' '.join(update)} END IF; RETURN NULL;"
    )
    statements = [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body} END $$"
    ]
    for operation, seen in (
        ("INSERT", "NEW TABLE AS new_rows"),
        ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
        ("DELETE", "OLD TABLE AS old_rows"),
    ):
        statements += [
            f"CREATE OR REPLACE TRIGGER {PREFIX}_{operation.lower()} AFTER {operation}"
            f" ON {tracked.table} REFERENCING {seen}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        ]
    return statements


def _sqlite(tracked: Tracked) -> list[str]:
    """Three triggers a table, each run for every row."""
    new, old = (
        "(SELECT " + ", ".join(f"{side}.{one} AS {one}" for one in tracked.columns) + ")"
        for side in ("NEW", "OLD")
    )
    differs = " OR ".join(f"NEW.{one} IS NOT OLD.{one}" for one in tracked.columns)
    kinds = (
        ("insert", "INSERT", "", _noting(tracked, new)),
        ("update", "UPDATE", f"WHEN {differs}", _noting(tracked, new) + _noting(tracked, old)),
        ("delete", "DELETE", "", _noting(tracked, old)),
    )
    statements = []
    for kind, operation, condition, noting in kinds:
        name = f"{PREFIX}_{tracked.table}_{kind}"
        statements += [
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} AFTER {operation} ON {tracked.table} FOR EACH ROW {condition}"
            f" BEGIN {' '.join(noting)} END",
        ]
    return statements
