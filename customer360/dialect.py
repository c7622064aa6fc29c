"""The few things that PostgreSQL and SQLite spell differently in the statements of a build.

Amounts are whole cents while they are added up: SQLite has no exact decimals, and PostgreSQL is slower
with them.
"""

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Dialect:
    """Expressions by what they mean; `{}` stands for the inner expression."""

    local_date: str
    exact: str
    amount_text: str
    text_key: str
    bits: str
    months_ago: str
    month_of: str
    json_pairs: str
    json_object: str
    is_not: str
    within: str
    """That a moment lies in the days asked for, where an index can find it so."""

    def day_of(self, moment: str) -> str:
        """The day of a moment in the site's zone, the parameter `zone`."""
        return self.local_date.format(moment)


POSTGRESQL = Dialect(
    local_date="({} AT TIME ZONE %(zone)s)::date",
    exact="CAST(ROUND({} * 100) AS BIGINT)",
    amount_text="ROUND({} / 100.0, 2)::text",
    text_key='{} COLLATE "C"',
    bits="BIT_OR({})",
    months_ago=("(%(month)s - (date_part('year', {0})::int * 12 + date_part('month', {0})::int))"),
    month_of="date_trunc('month', {})::date",
    json_pairs="LATERAL jsonb_each_text({})",
    json_object="jsonb_object_agg({}, {})",
    is_not="IS DISTINCT FROM",
    within="{0} >= %(starts_at)s AND {0} < %(ends_at)s",
)
SQLITE = Dialect(
    local_date="django_datetime_cast_date({}, %(zone)s, 'UTC')",
    exact="CAST(ROUND({} * 100) AS INTEGER)",
    amount_text="printf('%%.2f', {} / 100.0)",
    text_key="{}",
    bits="SUM(DISTINCT {})",
    months_ago=(
        "(%(month)s - (CAST(strftime('%%Y', {0}) AS INTEGER) * 12"
        " + CAST(strftime('%%m', {0}) AS INTEGER)))"
    ),
    month_of="date({}, 'start of month')",
    json_pairs="json_each({})",
    json_object="json_group_object({}, {})",
    is_not="IS NOT",
    within="",
)


def dialect() -> Dialect:
    """The spelling of the database in use."""
    return POSTGRESQL if connection.vendor == "postgresql" else SQLITE
