"""A profile's scores as sentences for staff."""

from datetime import date
from decimal import Decimal

from django.utils.formats import date_format, number_format

from customer360.fields import Field
from customer360.metrics import MONEY
from customer360.models import CustomerProfile
from customer360.scores import churn

CHOICES = frozenset({"value_tier", "churn_risk", "scored_by"})
RECENCY = ("longest ago", "long ago", "in the middle", "lately", "most lately")
FREQUENCY = ("least often", "seldom", "middling often", "often", "most often")
MONETARY = ("least", "little", "middling much", "much", "most")


def percent(share: Decimal) -> str:
    """A chance in whole per cent; no model is certain.

    >>> percent(Decimal("0.2143")), percent(Decimal("0.0034")), percent(Decimal("0.9991"))
    ('21%', 'less than 1%', 'more than 99%')
    """
    if share < Decimal("0.005"):
        return "less than 1%"
    return "more than 99%" if share > Decimal("0.995") else f"{share:.0%}"


def score_words(profile: CustomerProfile) -> str:
    """Where the customer stands among the buyers, one clause a score."""
    if not (profile.recency_score and profile.frequency_score and profile.monetary_score):
        return "No scores: this customer has not bought yet."
    return (
        f"Among the buyers, bought {RECENCY[profile.recency_score - 1]}"
        f" (recency {profile.recency_score} of 5), {FREQUENCY[profile.frequency_score - 1]}"
        f" (frequency {profile.frequency_score} of 5) and spent"
        f" {MONETARY[profile.monetary_score - 1]} (monetary {profile.monetary_score} of 5)."
    )


def churn_words(profile: CustomerProfile, as_of: date | None) -> str:
    """The reason of the churn risk in words, and what it rests on."""
    last, first = profile.last_purchase_date, profile.first_purchase_date
    days = max((as_of - last).days, 0) if as_of and last else None
    gap = None
    if first and last and profile.purchase_days > 1:
        gap = (last - first).days / (profile.purchase_days - 1)
    told = churn.reason(orders=profile.total_purchases, days_since_last=days, usual_gap_days=gap)
    if (
        profile.scored_by == CustomerProfile.ScoredBy.MBG_NBD
        and profile.churn_risk_score is not None
    ):
        return f"{told}: {percent(profile.churn_risk_score)} likely to be gone (MBG/NBD)"
    if profile.scored_by == CustomerProfile.ScoredBy.RULE:
        return f"{told}: by the simple rule, too few customers come back for a model"
    return told


def in_words(field: Field, profile: CustomerProfile) -> str:
    """One field's value as staff read it; a dash where nothing is known."""
    value = getattr(profile, field.key)
    if value is None or value == "" or value == {}:
        return "–"
    if isinstance(value, date):
        return date_format(value, "j M Y")
    if isinstance(value, dict):
        return ", ".join(f"{name} {amount}" for name, amount in sorted(value.items()))
    if field.key in CHOICES:
        return str(getattr(profile, f"get_{field.key}_display")())
    if field.unit == MONEY:
        return number_format(value, 2, force_grouping=True)
    return number_format(value, force_grouping=True) if not isinstance(value, str) else value
