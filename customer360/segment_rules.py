"""The conditions that a saved segment may have: their names, kinds and lookups. Pure.

To add a condition, add a line: form, filter and description follow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from customer360.scores.segments import SEGMENTS
from funnel_site.lib.marking import marked

CHOICE, NUMBER, AMOUNT, DAY, DAYS_AGO = "choice", "number", "amount", "day", "days_ago"
LEVELS = ("low", "medium", "high", "no_purchase")
LARGEST = 10**9
MOST_DAYS = 36_500
TIERS = ("high", "medium", "low", "none")


class ConditionError(ValueError):
    """A condition that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: its name, its words, the profile column's lookup and the kind of its value."""

    key: str
    words: str
    lookup: str
    kind: str
    choices: tuple[str, ...] = ()


CONDITIONS = (
    Condition("segment", marked("Segment is"), "customer_segment", CHOICE, tuple(SEGMENTS)),
    Condition("churn_risk", marked("Churn risk is"), "churn_risk", CHOICE, LEVELS),
    Condition("value_tier", marked("Value tier is"), "value_tier", CHOICE, TIERS),
    Condition("recency_from", marked("Recency score from"), "recency_score__gte", NUMBER),
    Condition("frequency_from", marked("Frequency score from"), "frequency_score__gte", NUMBER),
    Condition("monetary_from", marked("Monetary score from"), "monetary_score__gte", NUMBER),
    Condition("purchases_from", marked("Purchases from"), "total_purchases__gte", NUMBER),
    Condition("purchases_to", marked("Purchases up to"), "total_purchases__lte", NUMBER),
    Condition("value_from", marked("Lifetime value from"), "total_lifetime_value__gte", AMOUNT),
    Condition("value_to", marked("Lifetime value up to"), "total_lifetime_value__lte", AMOUNT),
    Condition(
        "risk_from", marked("Churn risk score from (0 to 1)"), "churn_risk_score__gte", AMOUNT
    ),
    Condition(
        "satisfaction_from",
        marked("Satisfaction from (1 to 10)"),
        "average_satisfaction_score__gte",
        AMOUNT,
    ),
    Condition(
        "satisfaction_to",
        marked("Satisfaction up to (1 to 10)"),
        "average_satisfaction_score__lte",
        AMOUNT,
    ),
    Condition("bought_from", marked("Last purchase on or after"), "last_purchase_date__gte", DAY),
    Condition("bought_to", marked("Last purchase on or before"), "last_purchase_date__lte", DAY),
    Condition(
        "quiet_days",
        marked("Days since the last purchase, at least"),
        "last_purchase_date__lte",
        DAYS_AGO,
    ),
    Condition(
        "active_days",
        marked("Days since the last purchase, at most"),
        "last_purchase_date__gte",
        DAYS_AGO,
    ),
    Condition("since_from", marked("Customer since, on or after"), "customer_since__gte", DAY),
    Condition("since_to", marked("Customer since, on or before"), "customer_since__lte", DAY),
    Condition("category", marked("Favourite category is"), "favorite_product_category", CHOICE),
    Condition("channel", marked("Preferred channel is"), "preferred_marketing_channel", CHOICE),
)
BY_KEY = {one.key: one for one in CONDITIONS}
# The profile list's own parameters, to begin a segment with what is shown there.
LIST_PARAMETERS = {
    "customer_segment": "segment",
    "churn_risk__exact": "churn_risk",
    "value_tier__exact": "value_tier",
    "recency_score": "recency_from",
    "frequency_score": "frequency_from",
    "monetary_score": "monetary_from",
    "last_purchase_date_from": "bought_from",
    "last_purchase_date_to": "bought_to",
    "customer_since_from": "since_from",
    "customer_since_to": "since_to",
}


def lookups(conditions: Mapping[str, str], today: date) -> list[tuple[str, Any]]:
    """The filters that all conditions together ask for on a day.

    Raises ConditionError for an unknown condition or an unusable value.

    >>> lookups({"quiet_days": "10"}, date(2025, 4, 30))
    [('last_purchase_date__lte', datetime.date(2025, 4, 20))]
    """
    found = []
    for key, text in conditions.items():
        condition = BY_KEY.get(key)
        if condition is None:
            raise ConditionError(marked("%(key)s: there is no such condition", key=key))
        found.append((condition.lookup, value_of(condition, text, today)))
    return found


def value_of(condition: Condition, text: str, today: date) -> Any:
    """A condition's value from its text; raises ConditionError where it cannot be used."""
    try:
        value = _parsed(condition.kind, text)
    except (ValueError, InvalidOperation) as error:
        raise ConditionError(
            marked("%(words)s: this value cannot be used", words=condition.words)
        ) from error
    if isinstance(value, int | Decimal) and not 0 <= value < LARGEST:
        raise ConditionError(
            marked("%(words)s: from 0 to %(most)s", words=condition.words, most=f"{LARGEST - 1:,}")
        )
    if condition.kind == DAYS_AGO:
        return today - timedelta(days=min(value, MOST_DAYS))
    if condition.choices and text not in condition.choices:
        raise ConditionError(
            marked(
                "%(words)s: one of %(choices)s",
                words=condition.words,
                choices=", ".join(condition.choices),
            )
        )
    return value


def _parsed(kind: str, text: str) -> Any:
    if kind == DAY:
        return date.fromisoformat(text)
    if kind == AMOUNT:
        amount = Decimal(text)
        return amount if amount.is_finite() else Decimal(-1)
    return int(text) if kind in (NUMBER, DAYS_AGO) else text
