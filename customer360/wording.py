"""A profile's scores as sentences for staff."""

from datetime import date
from decimal import Decimal

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from customer360.fields import Field
from customer360.metrics import MONEY
from customer360.models import CustomerProfile
from customer360.scores import churn
from funnel_site.lib.money import shown_percent
from funnel_site.lib.words import translated

CHOICES = frozenset({"value_tier", "churn_risk", "scored_by"})
RECENCY = (_("longest ago"), _("long ago"), _("in the middle"), _("lately"), _("most lately"))
FREQUENCY = (_("least often"), _("seldom"), _("middling often"), _("often"), _("most often"))
MONETARY = (_("least"), _("little"), _("middling much"), _("much"), _("most"))


def percent(share: Decimal) -> str:
    """A chance in whole per cent; no model is certain.

    >>> percent(Decimal("0.2143")), percent(Decimal("0.0034")), percent(Decimal("0.9991"))
    ('21%', 'less than 1%', 'more than 99%')
    """
    if share < Decimal("0.005"):
        return gettext("less than %(percent)s") % {"percent": shown_percent(1, 0)}
    if share > Decimal("0.995"):
        return gettext("more than %(percent)s") % {"percent": shown_percent(99, 0)}
    return shown_percent(100 * share, 0)


def score_words(profile: CustomerProfile) -> str:
    """Where the customer stands among the buyers, one clause a score."""
    if not (profile.recency_score and profile.frequency_score and profile.monetary_score):
        return gettext("No scores: this customer has not bought yet.")
    return gettext(
        "Among the buyers, bought %(recency_words)s (recency %(recency)s of 5), %(frequency_words)s"
        " (frequency %(frequency)s of 5) and spent %(monetary_words)s (monetary %(monetary)s of 5)."
    ) % {
        "recency_words": RECENCY[profile.recency_score - 1],
        "recency": profile.recency_score,
        "frequency_words": FREQUENCY[profile.frequency_score - 1],
        "frequency": profile.frequency_score,
        "monetary_words": MONETARY[profile.monetary_score - 1],
        "monetary": profile.monetary_score,
    }


def churn_words(profile: CustomerProfile, as_of: date | None) -> str:
    """The reason of the churn risk in words, and what it rests on."""
    last, first = profile.last_purchase_date, profile.first_purchase_date
    days = max((as_of - last).days, 0) if as_of and last else None
    gap = None
    if first and last and profile.purchase_days > 1:
        gap = (last - first).days / (profile.purchase_days - 1)
    told = translated(
        churn.reason(orders=profile.total_purchases, days_since_last=days, usual_gap_days=gap)
    )
    if (
        profile.scored_by == CustomerProfile.ScoredBy.MBG_NBD
        and profile.churn_risk_score is not None
    ):
        return gettext("%(reason)s: %(percent)s likely to be gone (MBG/NBD)") % {
            "reason": told,
            "percent": percent(profile.churn_risk_score),
        }
    if profile.scored_by == CustomerProfile.ScoredBy.RULE:
        return gettext(
            "%(reason)s: by the simple rule, too few customers come back for a model"
        ) % {"reason": told}
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
