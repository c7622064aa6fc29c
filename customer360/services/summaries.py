"""The small tables that dashboard and API read, brought up to date with the profiles.

Those of days are counted again for the days that changed. Those of customers follow the profiles:
what the changed customers were is taken off and what they are is put on, so that the cost follows the
change. A full build counts all of them from nothing.
"""

from datetime import date
from typing import Any

from django.db.models import Q

from customer360.contributions import SALES, SIGNALS, union_of
from customer360.dialect import dialect
from customer360.models import BuyerMonth, CustomerDay
from customer360.profile_sql import MONTHS_KEPT
from customer360.services.publishing import TABLE
from customer360.services.staging import (
    DAYS,
    MOVED,
    NEW_MOODS,
    NEW_SALES,
    SALE,
    TOUCHED,
    execute,
    fetch,
    parameters,
)
from funnel_site.lib.batches import update_rows

CELLS, SALES_DAYS, MOODS = (
    "customer360_profilecell",
    "customer360_salesday",
    "customer360_satisfactionday",
)
KEYS = (
    "last_purchase_date",
    "recency_score",
    "frequency_score",
    "monetary_score",
    "customer_segment",
    "value_tier",
    "churn_risk",
)
SUMS = {
    "customers": "SUM(customers)",
    "repeat_customers": "SUM(repeat_customers)",
    "total_purchases": "SUM(total_purchases)",
    # SQLite adds floats: rounded, a cell is the same by whatever steps it came about.
    "total_lifetime_value": "ROUND(SUM(total_lifetime_value), 2)",
    "churn_risk_score": "ROUND(SUM(churn_risk_score), 4)",
}
CELLS_OF = """
SELECT last_purchase_date, COALESCE(recency_score, 0) AS recency_score,
    COALESCE(frequency_score, 0) AS frequency_score, COALESCE(monetary_score, 0) AS monetary_score,
    customer_segment, value_tier, churn_risk, {sign} * COUNT(*) AS customers,
    {sign} * SUM(CASE WHEN total_purchases > 1 THEN 1 ELSE 0 END) AS repeat_customers,
    {sign} * SUM(total_purchases) AS total_purchases,
    ROUND({sign} * SUM(total_lifetime_value), 2) AS total_lifetime_value,
    ROUND({sign} * SUM(COALESCE(churn_risk_score, 0)), 4) AS churn_risk_score
FROM {table} GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
MONTHS_OF = """
SELECT ago, SUM(customers * ((purchase_months >> ago) & 1)),
    SUM(CASE WHEN first_ago = ago THEN customers ELSE 0 END),
    SUM(customers * ((purchase_months >> ago) & (purchase_months >> (ago + 1)) & 1))
FROM (
    SELECT purchase_months, {first_ago} AS first_ago, COUNT(*) AS customers
    FROM {table} WHERE purchase_months <> 0 GROUP BY 1, 2
) AS alike, ({numbers}) AS numbers
WHERE (purchase_months >> ago) <> 0 GROUP BY ago
"""
DAYS_OF = """
SELECT day, SUM(customers), SUM(buyers) FROM (
    SELECT customer_since AS day, COUNT(*) AS customers, 0 AS buyers FROM {table} GROUP BY 1
    UNION ALL
    SELECT first_purchase_date, 0, COUNT(*) FROM {table}
    WHERE first_purchase_date IS NOT NULL GROUP BY 1
) AS counted GROUP BY day
"""
SALES_COLUMNS = "day, category, brand, currency, orders, refunds, quantity, sold, revenue"
SALES_OF = """
SELECT day, category, brand, currency, COUNT(*) FILTER (WHERE is_order = 1) AS orders,
    COUNT(*) FILTER (WHERE is_order = 0) AS refunds, SUM(quantity) AS quantity,
    COALESCE(SUM(amount) FILTER (WHERE is_order > 0), 0) / 100.0 AS sold,
    SUM(amount) / 100.0 AS revenue
FROM ({sales}) AS sale GROUP BY day, category, brand, currency
"""
MOODS_COLUMNS = "day, score, signals"
MOODS_OF = """
SELECT day, score, COUNT(*) AS signals FROM ({signals}) AS signal GROUP BY day, score
"""
BEFORE = "customer360_before"
CHANGED_DAYS = f"SELECT day FROM {DAYS}"


def stage_day_summaries(*, as_of: date, everything: bool) -> None:
    """Add up sales and satisfaction of all days, or of those that the build has claimed.

    Together with the profiles' own columns, so that both are of one moment.
    """
    values, spelling = parameters(as_of), dialect()
    days = "" if everything else CHANGED_DAYS
    # A full build has all sales at hand already.
    sales = (
        f"SELECT * FROM {SALE}"
        if everything
        else union_of(SALES, spelling, days=days, people=False)
    )
    signals = union_of(SIGNALS, spelling, days=days, people=False)
    for table, select in (
        (NEW_SALES, SALES_OF.format(sales=sales)),
        (NEW_MOODS, MOODS_OF.format(signals=signals)),
    ):
        execute(f"CREATE TEMPORARY TABLE {table} AS {select}", values)


def replace_day_summaries(*, everything: bool) -> None:
    """Put the sums of the days in place of the old ones."""
    for table, columns, staged in (
        (SALES_DAYS, SALES_COLUMNS, NEW_SALES),
        (MOODS, MOODS_COLUMNS, NEW_MOODS),
    ):
        where = "" if everything else f" WHERE {of_claimed_days()}"
        execute(f"DELETE FROM {table}{where}")
        execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {staged}")


def of_claimed_days() -> str:
    """The condition for rows of the days that the build has claimed."""
    return f"day IN ({CHANGED_DAYS})"


def rebuild_customer_summaries(*, as_of: date) -> None:
    """Cells, months and first days, counted from all profiles."""
    execute(f"DELETE FROM {CELLS}")
    execute(
        f"INSERT INTO {CELLS} ({', '.join([*KEYS, *SUMS])}) {CELLS_OF.format(sign=1, table=TABLE)}"
    )
    BuyerMonth.objects.all().delete()
    _add_months(fetch(*_months_of(TABLE, as_of)), as_of, sign=1)
    CustomerDay.objects.all().delete()
    _add_days(fetch(DAYS_OF.format(table=TABLE)), sign=1)


def keep_before() -> None:
    """Remember the profiles of those who are about to be written again."""
    execute(f"DROP TABLE IF EXISTS {BEFORE}")
    execute(
        f"CREATE TEMPORARY TABLE {BEFORE} AS SELECT * FROM {TABLE} WHERE customer_id IN ({TOUCHED})"
    )


def shift_customer_summaries(*, as_of: date) -> None:
    """Take off what the changed customers were and put on what they are."""
    after = f"(SELECT * FROM {TABLE} WHERE customer_id IN ({TOUCHED})) AS after"
    _shift_cells(after)
    for table, sign in ((BEFORE, -1), (after, 1)):
        _add_months(fetch(*_months_of(table, as_of)), as_of, sign=sign)
        _add_days(fetch(DAYS_OF.format(table=table)), sign=sign)
    BuyerMonth.objects.filter(buyers=0).delete()
    CustomerDay.objects.filter(new_customers=0, new_buyers=0).delete()
    execute(f"DROP TABLE {BEFORE}")


def _shift_cells(after: str) -> None:
    """Add the differences to the cells of the days concerned; an emptied cell goes.

    What has moved stays in the table MOVED, for the comparison with the build before.
    """
    moved, merged = MOVED, "customer360_merged"
    for table in (moved, merged):
        execute(f"DROP TABLE IF EXISTS {table}")
    old, new = CELLS_OF.format(sign=-1, table=BEFORE), CELLS_OF.format(sign=1, table=after)
    execute(f"CREATE TEMPORARY TABLE {moved} AS {old} UNION ALL {new}")
    keys, sums = ", ".join(KEYS), ", ".join(f"{total} AS {name}" for name, total in SUMS.items())
    concerned = (
        f"COALESCE(last_purchase_date, '0001-01-01') IN"
        f" (SELECT COALESCE(last_purchase_date, '0001-01-01') FROM {moved})"
    )
    execute(
        f"CREATE TEMPORARY TABLE {merged} AS SELECT {keys}, {sums} FROM"
        f" (SELECT {keys}, {', '.join(SUMS)} FROM {CELLS} WHERE {concerned}"
        f" UNION ALL SELECT {keys}, {', '.join(SUMS)} FROM {moved}) AS both_sides"
        f" GROUP BY {keys} HAVING SUM(customers) <> 0"
    )
    execute(f"DELETE FROM {CELLS} WHERE {concerned}")
    execute(f"INSERT INTO {CELLS} ({', '.join([*KEYS, *SUMS])}) SELECT * FROM {merged}")
    execute(f"DROP TABLE {merged}")


def _months_of(table: str, as_of: date) -> tuple[str, dict[str, Any]]:
    numbers = "SELECT 0 AS ago" + "".join(
        f" UNION ALL SELECT {ago}" for ago in range(1, MONTHS_KEPT)
    )
    first_ago = dialect().months_ago.format("first_purchase_date")
    return MONTHS_OF.format(table=table, numbers=numbers, first_ago=first_ago), parameters(as_of)


def _add_months(rows: list[tuple[Any, ...]], as_of: date, *, sign: int) -> None:
    """Add to the months' counts; a month is a few dozen rows at most."""
    known = {row.month: row for row in BuyerMonth.objects.all()}
    for ago, buyers, new, kept in rows:
        if not buyers:
            continue
        place = as_of.year * 12 + as_of.month - 1 - ago
        month = date(place // 12, place % 12 + 1, 1)
        row = known.setdefault(
            month, BuyerMonth(month=month, buyers=0, new_buyers=0, kept_buyers=0)
        )
        row.buyers += sign * buyers
        row.new_buyers += sign * new
        row.kept_buyers += sign * kept
    BuyerMonth.objects.bulk_create(
        known.values(),
        update_conflicts=True,
        unique_fields=["month"],
        update_fields=["buyers", "new_buyers", "kept_buyers"],
    )


def _add_days(rows: list[tuple[Any, ...]], *, sign: int) -> None:
    days = [date.fromisoformat(day) if isinstance(day, str) else day for day, _, _ in rows]
    wanted = Q(day__in=[day for day in days if day]) | (Q(day=None) if None in days else Q(pk=None))
    held = {row.day: row for row in CustomerDay.objects.filter(wanted)}
    touched = []
    for day, (_, customers, buyers) in zip(days, rows, strict=True):
        row = held.get(day) or CustomerDay(day=day, new_customers=0, new_buyers=0)
        row.new_customers += sign * int(customers)
        row.new_buyers += sign * int(buyers)
        touched.append(row)
    update_rows([row for row in touched if row.pk], ["new_customers", "new_buyers"])
    CustomerDay.objects.bulk_create([row for row in touched if row.pk is None], batch_size=1_000)
