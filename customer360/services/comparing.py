"""By how much a build changes the figures of the one before: the answer to "why did it change?".

Each build notes its differences, and nothing for what stayed; between any two builds they add up.
Those of sales say, too, which purchases have come since, refunds and rows of days to come included.
What is left over has been corrected or taken away, has come due, or is of our own funnels.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.timezone import now

from customer360.dialect import dialect
from customer360.models import BuildChange, ProfileBuild
from customer360.selectors.marks import PURCHASES
from customer360.services.staging import MOVED, NEW_MOODS, NEW_SALES, execute, fetch
from customer360.services.summaries import CELLS, MOODS, SALES_DAYS, of_claimed_days
from funnel_site.lib.batches import chunks

CHANGES = BuildChange._meta.db_table
KEPT = timedelta(days=90)
AT_A_TIME = 1_000
CENT = Decimal("0.01")
# Both sides of a sum, what was with its sign turned; SQLite adds fractions, hence the rounding.
SALES_CHANGED = f"""
INSERT INTO {CHANGES}
    (build_id, kind, month, name, currency, number, amount, new_number, new_amount)
SELECT %(build)s, 'sales', month, category, currency,
    SUM(orders), ROUND(SUM(revenue), 2), SUM(new_rows), ROUND(SUM(new_revenue), 2)
FROM (
    SELECT {{month_of_day}} AS month, category, currency, orders, revenue,
        0 AS new_rows, 0 AS new_revenue FROM {NEW_SALES}
    UNION ALL
    SELECT {{month_of_day}}, category, currency, -orders, -revenue, 0, 0
    FROM {SALES_DAYS} WHERE {{old_days}}
    UNION ALL
    SELECT {{month_of_purchase}}, product.category, p.currency, 0, 0,
        1, p.total_amount
    FROM customer360_purchase p JOIN customer360_product product ON product.id = p.product_id
    WHERE p.id > %(after)s AND p.id <= %(until)s
) AS sides GROUP BY month, category, currency
HAVING SUM(orders) <> 0 OR ROUND(SUM(revenue), 2) <> 0
    OR SUM(new_rows) <> 0 OR ROUND(SUM(new_revenue), 2) <> 0
"""
MOODS_CHANGED = f"""
INSERT INTO {CHANGES}
    (build_id, kind, month, name, currency, number, amount, new_number, new_amount)
SELECT %(build)s, 'satisfaction', month, '', '', SUM(signals), SUM(signals * score), 0, 0
FROM (
    SELECT {{month_of_day}} AS month, score, signals FROM {NEW_MOODS}
    UNION ALL
    SELECT {{month_of_day}}, score, -signals FROM {MOODS} WHERE {{old_days}}
) AS sides GROUP BY month HAVING SUM(signals) <> 0 OR SUM(signals * score) <> 0
"""
GROUPS = {BuildChange.Kind.SEGMENT: "customer_segment", BuildChange.Kind.CHURN: "churn_risk"}
Sums = dict[tuple[str, str], tuple[int, Decimal]]


class Comparison:
    """One build beside the one before. Made before anything of the new one is put in place."""

    def __init__(self, build: ProfileBuild, *, marks: dict[str, Any], everybody: bool) -> None:
        self.build, self.everybody = build, everybody
        before = ProfileBuild.objects.filter(state=ProfileBuild.State.DONE).order_by("-pk").first()
        self.is_possible = before is not None
        kept = before.results.get("sources", {}) if before else {}
        self.after, self.until = kept.get(PURCHASES), marks[PURCHASES]
        self.cells: Sums = _sums_of(CELLS) if before and everybody else {}

    def note_days(self, *, everything: bool) -> None:
        """Sales and satisfaction by month, while the old sums are still in place."""
        if not self.is_possible:
            return
        until = self.until[0]
        values = {
            "build": self.build.pk,
            "after": self.after[0] if self.after else until,
            "until": until,
        }
        month_of: Callable[[str], str] = dialect().month_of.format
        spelled = {
            "month_of_day": month_of("day"),
            "month_of_purchase": month_of("p.purchase_date"),
            "old_days": "1 = 1" if everything else of_claimed_days(),
        }
        execute(SALES_CHANGED.format(**spelled), values)
        execute(MOODS_CHANGED.format(**spelled), values)

    def note_customers(self) -> None:
        """Segments and risks, when the new cells are in place."""
        if not self.is_possible:
            return
        after = _sums_of(CELLS if self.everybody else MOVED)
        found = []
        for key in sorted({*self.cells, *after}):
            was, became = (side.get(key, (0, Decimal(0))) for side in (self.cells, after))
            number, amount = became[0] - was[0], became[1] - was[1]
            if number or amount:
                kind, name = key
                found.append(
                    BuildChange(
                        build=self.build, kind=kind, name=name, number=number, amount=amount
                    )
                )
        BuildChange.objects.bulk_create(found)


def _sums_of(table: str) -> Sums:
    """Customers and lifetime value by segment and by risk."""
    return {
        (kind, name): (int(number), Decimal(str(amount)).quantize(CENT))
        for kind, column in GROUPS.items()
        for name, number, amount in fetch(
            f"SELECT {column}, SUM(customers), SUM(total_lifetime_value) FROM {table} GROUP BY 1"
        )
    }


def forget_old_changes() -> None:
    """Drop the differences of builds of long ago; these are then compared with no more."""
    old = ProfileBuild.objects.filter(is_compared=True, finished_at__lt=now() - KEPT)
    for some in chunks(old.values_list("pk", flat=True).iterator(), AT_A_TIME):
        BuildChange.objects.filter(build__in=some).delete()
        ProfileBuild.objects.filter(pk__in=some).update(is_compared=False)
