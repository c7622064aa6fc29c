"""From the working tables to what everybody reads, in one transaction: the old rows until the commit.

All statements are set-based; their number does not depend on the customers.
"""

from django.db import connection

from customer360.dialect import dialect
from customer360.models import CustomerProfile
from customer360.services.staging import IDS, SCORE_COLUMNS, SCORES, STAGE, execute

TABLE = CustomerProfile._meta.db_table
SCORED = tuple(name for name, _ in SCORE_COLUMNS if name != "customer_id")
# What who never bought has; a buyer always has scores.
UNSCORED = {
    "customer_segment": "'No purchase yet'",
    "value_tier": "'none'",
    "churn_risk": "'no_purchase'",
}
RAW = tuple(
    str(field.column)
    for field in CustomerProfile._meta.concrete_fields
    if field.column not in (*SCORED, "scored_by", "build_id")
)


def replace_profiles(*, build_id: int, scored_by: str) -> None:
    """All profiles anew."""
    execute(f"DELETE FROM {TABLE}")
    _insert(build_id, scored_by)


def merge_profiles(*, build_id: int, scored_by: str) -> None:
    """The profiles of those staged, and the scores of all others that were scored."""
    _rescore(build_id, scored_by)
    execute(f"DELETE FROM {TABLE} WHERE customer_id IN ({IDS})")
    _insert(build_id, scored_by)


def _insert(build_id: int, scored_by: str) -> None:
    """Insert the staged rows with their scores.

    In the order of most of the table's indexes, which begin with a score and go on by value: their
    pages are filled one after the other, and not all over.
    """
    raw = ", ".join(f"s.{name}" for name in RAW)
    scores = ", ".join(
        f"COALESCE(c.{name}, {UNSCORED[name]})" if name in UNSCORED else f"c.{name}"
        for name in SCORED
    )
    execute(
        f"INSERT INTO {TABLE} ({', '.join([*RAW, *SCORED])}, scored_by, build_id)"
        f" SELECT {raw}, {scores}, CASE WHEN c.customer_id IS NULL THEN '' ELSE %s END, %s"
        f" FROM {STAGE} s LEFT JOIN {SCORES} c ON c.customer_id = s.customer_id"
        " ORDER BY s.total_lifetime_value DESC, s.customer_id",
        [scored_by, build_id],
    )


def _rescore(build_id: int, scored_by: str) -> None:
    """Write the scores of those who are not staged, where they differ."""
    is_not = dialect().is_not
    assigned = ", ".join(f"{name} = c.{name}" for name in SCORED)
    differs = " OR ".join(f"p.{name} {is_not} c.{name}" for name in SCORED)
    target = f"{TABLE} AS p"
    execute(
        f"UPDATE {target} SET {assigned}, scored_by = %s, build_id = %s FROM {SCORES} c"
        f" WHERE c.customer_id = p.customer_id AND p.customer_id NOT IN ({IDS})"
        f" AND ({differs} OR p.scored_by <> %s)",
        [scored_by, build_id, scored_by],
    )


def analyse() -> None:
    """Let PostgreSQL look at the new rows, so that lists and figures are planned well."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        execute(f"VACUUM (ANALYZE) {TABLE}")
