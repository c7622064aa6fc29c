"""How the database counts the seconds between two columns: by the clock, or in business hours.

For business hours the statement gets a table of days: what was worked before each since the first,
and the spans of work that touch it. What was worked between two moments is then the difference of
two sums, each found by one look at its day.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from funnel_site.lib.business_hours import DAY, WorkedDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """Parts of a statement: a table, joins with it, and the seconds from `began` to `ended`."""

    seconds: str
    table: str = ""
    joins: str = ""


Counting = Mapping[str, Arithmetic]
"""By the database's vendor."""

BY_CLOCK: Counting = {
    "postgresql": Arithmetic(seconds="EXTRACT(EPOCH FROM (ended - began))"),
    "sqlite": Arithmetic(seconds="ROUND((julianday(ended) - julianday(began)) * 86400, 3)"),
}


def as_json(days: Sequence[WorkedDay]) -> str:
    """The table of days: of each its number, what was worked before, and the ends of its spans."""
    width = _width(days)
    empty = (0, 0)
    return json.dumps(
        [
            [one.day, one.before, *sum(one.spans + (empty,) * (width - len(one.spans)), ())]
            for one in days
        ]
    )


def _width(days: Sequence[WorkedDay]) -> int:
    return max(len(one.spans) for one in days)


def in_hours(days: Sequence[WorkedDay]) -> Counting:
    """The arithmetic of business hours, for days with so many spans as the fullest has."""
    width = _width(days)
    names = ["day", "earlier", *(f"{end}{place}" for place in range(width) for end in ("o", "c"))]
    return {
        "postgresql": _arithmetic(
            names,
            source="jsonb_array_elements(%(hours)s::jsonb)",
            cell="(value ->> {place})::bigint",
            second="EXTRACT(EPOCH FROM {moment})",
            day=f"FLOOR(EXTRACT(EPOCH FROM {{moment}}) / {DAY})::bigint",
            least="LEAST",
            greatest="GREATEST",
        ),
        "sqlite": _arithmetic(
            names,
            source="json_each(%(hours)s)",
            cell="json_extract(value, '$[{place}]')",
            second="ROUND((julianday({moment}) - 2440587.5) * 86400, 3)",
            day=f"CAST(ROUND((julianday({{moment}}) - 2440587.5) * 86400, 3) / {DAY} AS INTEGER)",
            least="MIN",
            greatest="MAX",
        ),
    }


def _arithmetic(
    names: Sequence[str],
    *,
    source: str,
    cell: str,
    second: str,
    day: str,
    least: str,
    greatest: str,
) -> Arithmetic:
    cells = ", ".join(f"{cell.format(place=place)} AS {name}" for place, name in enumerate(names))

    def worked(table: str, moment: str) -> str:
        """What was worked until the moment, since the first day of all."""
        at = second.format(moment=moment)
        parts = [
            f"{greatest}(0, {least}({at}, {table}.c{place}) - {table}.o{place})"
            for place in range((len(names) - 2) // 2)
        ]
        return f"COALESCE({' + '.join([f'{table}.earlier', *parts])}, 0)"

    joins = " ".join(
        f"LEFT JOIN hours {table} ON {table}.day = {day.format(moment=moment)}"
        for table, moment in (("a", "began"), ("b", "ended"))
    )
    return Arithmetic(
        table=f"hours AS MATERIALIZED (SELECT {cells} FROM {source}), ",
        joins=joins,
        seconds=f"{greatest}(0, {worked('b', 'ended')} - {worked('a', 'began')})",
    )
