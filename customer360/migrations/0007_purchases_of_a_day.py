"""What a day sold is read from the index of days alone, without a look at the purchases.

A build of the changed customers sums up their days again. The purchases of a day lie all over a large
table; the index keeps them together, with the columns that the sums need. PostgreSQL alone has such
columns, so the models know of the index's order and not of them.
"""

from typing import Any

from django.db import migrations

TABLE, NAME = "customer360_purchase", "purchase_newest"
ORDER = "purchase_date DESC, id DESC"
SUMMED = "product_id, quantity, total_amount, currency"


def _replace(schema_editor: Any, columns: str) -> None:
    """Make the index anew beside the traffic, and let go of the old one."""
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}_anew")
    schema_editor.execute(f"CREATE INDEX CONCURRENTLY {NAME}_anew ON {TABLE} {columns}")
    schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")
    schema_editor.execute(f"ALTER INDEX {NAME}_anew RENAME TO {NAME}")


def widen(apps: Any, schema_editor: Any) -> None:
    _replace(schema_editor, f"({ORDER}) INCLUDE ({SUMMED})")


def narrow(apps: Any, schema_editor: Any) -> None:
    _replace(schema_editor, f"({ORDER})")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customer360", "0006_search_indexes")]
    operations = [migrations.RunPython(widen, narrow)]
