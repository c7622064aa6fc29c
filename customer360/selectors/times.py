"""How long customers wait for people, and how long until a matter is resolved: one statement.

- First response: from a room's first message by the customer to the first answer by a person.
- Next response: from the first message after an answer to the answer that follows.
- Resolution: from the first message by the customer to the time when staff last resolved the room.

Each by the clock, or in business hours alone; then what began more than five years before the first
day counts from there. Neither what the bot answers nor what is said to the bot counts. Quantiles are nearest ranks: values
that have occurred. Only rooms with a message since the first day are read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils.timezone import get_default_timezone

from conversations.models import Team
from conversations.services.desk import shown_name
from customer360.selectors.worked import BY_CLOCK, Counting, as_json, in_hours
from funnel_site.lib.business_hours import BusinessHours, worked_days

FIRST, NEXT, RESOLUTION, UNANSWERED = "first", "next", "resolution", "unanswered"
HOUR = 3_600
HORIZON = timedelta(days=5 * 366)
# Upper ends of the histogram's bars, in hours; the last bar has none.
BARS = (1, 4, 8, 24)

STATEMENT = """
WITH {with_hours}told AS (
    SELECT m.room_id, m.id, m.sent_at, m.sender,
        COUNT(CASE WHEN m.sender = 'agent' THEN 1 END) OVER (
            PARTITION BY m.room_id ORDER BY m.sent_at, m.id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS turn
    FROM conversations_message m JOIN conversations_room r ON r.id = m.room_id
    WHERE r.last_message_at >= %(first)s AND r.started_at < %(end)s AND m.sent_at < %(end)s
    AND (m.sender = 'agent' OR (m.sender = 'customer' AND NOT m.is_for_bot))
), turns AS (
    SELECT room_id, turn,
        MIN(CASE WHEN sender = 'customer' THEN sent_at END) AS asked_at,
        MAX(CASE WHEN sender = 'agent' THEN sent_at END) AS answered_at,
        MAX(CASE WHEN sender = 'agent' THEN id END) AS answer_id
    FROM told GROUP BY room_id, turn
), asked AS (
    SELECT t.room_id, t.asked_at, t.answered_at, t.answer_id,
        ROW_NUMBER() OVER (PARTITION BY t.room_id ORDER BY t.turn) AS place
    FROM turns t WHERE t.asked_at IS NOT NULL
), spans AS (
    SELECT CASE WHEN a.place = 1 THEN 'first' ELSE 'next' END AS kind,
        s.author_id AS agent, r.team_id AS team, a.asked_at AS began, a.answered_at AS ended
    FROM asked a JOIN conversations_room r ON r.id = a.room_id
    LEFT JOIN conversations_sending s ON s.message_id = a.answer_id AND s.number = 1
    WHERE a.answered_at >= %(first)s
    UNION ALL
    SELECT 'unanswered', r.assigned_to_id, r.team_id, a.asked_at, a.asked_at
    FROM asked a JOIN conversations_room r ON r.id = a.room_id
    WHERE a.answered_at IS NULL AND a.asked_at >= %(first)s
    UNION ALL
    SELECT 'resolution', r.resolved_by_id, r.team_id, r.first_customer_message_at, r.resolved_at
    FROM conversations_room r
    WHERE r.resolved_at >= %(first)s AND r.resolved_at < %(end)s
    AND r.first_customer_message_at <= r.resolved_at
), timed AS (
    SELECT kind, agent, team, {seconds} AS seconds FROM spans {joins}
), keyed AS (
    SELECT kind, 'all' AS part, CAST(NULL AS BIGINT) AS who, seconds FROM timed
    UNION ALL SELECT kind, 'agent', CAST(agent AS BIGINT), seconds FROM timed
    UNION ALL SELECT kind, 'team', team, seconds FROM timed
), ranked AS (
    SELECT kind, part, who, seconds,
        ROW_NUMBER() OVER (PARTITION BY kind, part, who ORDER BY seconds) AS place,
        COUNT(*) OVER (PARTITION BY kind, part, who) AS number
    FROM keyed
)
SELECT kind, part, who, MAX(number),
    MAX(CASE WHEN place = (number + 1) / 2 THEN seconds END),
    MAX(CASE WHEN place = (number * 9 + 9) / 10 THEN seconds END),
    {bars}
FROM ranked GROUP BY kind, part, who
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What is known of one kind of time, of everybody's or of one person's or team's."""

    name: str
    number: int
    median: int
    """Seconds."""
    p90: int
    bars: tuple[int, ...]
    """How many took up to 1, 4, 8, 24 hours, and longer."""


@dataclass(slots=True)
class Report:
    """The times by kind: all of them, by agent and by team; and what nobody has answered yet."""

    whole: dict[str, Times]
    agents: dict[str, list[Times]]
    teams: dict[str, list[Times]]
    unanswered: int = 0


def response_times(first: datetime, end: datetime, *, hours: BusinessHours | None = None) -> Report:
    """The times of answers and resolutions from one moment until before another.

    With `hours` only these count, by the clock of TIME_ZONE.
    """
    adapt = connection.ops.adapt_datetimefield_value
    given: dict[str, Any] = {"first": adapt(first), "end": adapt(end)}
    counting = BY_CLOCK
    if hours is not None:
        days = worked_days(first - HORIZON, end, hours=hours, zone=get_default_timezone())
        counting = in_hours(days)
        given["hours"] = as_json(days)
    with connection.cursor() as cursor:
        cursor.execute(_statement(counting), given)
        rows = cursor.fetchall()
    report = Report(whole={}, agents={}, teams={})
    names = _names(rows)
    for kind, part, who, *values in rows:
        if kind == UNANSWERED:
            report.unanswered = values[0] if part == "all" else report.unanswered
            continue
        times = _times(names.get((part, who), ""), values)
        if part == "all":
            report.whole[kind] = times
        else:
            by_kind = report.agents if part == "agent" else report.teams
            by_kind.setdefault(kind, []).append(times)
    for by_kind in (report.agents, report.teams):
        for group in by_kind.values():
            # Who is known by name first; those without an author or a team last.
            group.sort(key=lambda one: (not one.name, one.name.casefold()))
    return report


def _times(name: str, values: list[Any]) -> Times:
    number, median, p90, *bars = values
    return Times(
        name=name,
        number=number,
        median=round(median),
        p90=round(p90),
        bars=tuple(int(bar) for bar in bars),
    )


def _names(rows: Iterable[Any]) -> dict[tuple[str, int | None], str]:
    agents = {who for _, part, who, *_ in rows if part == "agent" and who is not None}
    users = get_user_model().objects.in_bulk(agents)
    names: dict[tuple[str, int | None], str] = {
        ("agent", key): shown_name(user) for key, user in users.items()
    }
    return names | {("team", team.pk): team.name for team in Team.objects.all()}


def _statement(counting: Counting) -> str:
    """The statement in the database's own arithmetic of time."""
    own = counting[connection.vendor]
    return STATEMENT.format(
        with_hours=own.table,
        seconds=own.seconds,
        joins=own.joins,
        bars=", ".join(
            f"SUM(CASE WHEN seconds >= {low * HOUR} AND seconds < {high} THEN 1 ELSE 0 END)"
            for low, high in zip((0, *BARS), (*(bar * HOUR for bar in BARS), "1e18"), strict=True)
        ),
    )
