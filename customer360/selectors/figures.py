"""The figures of the dictionary by their keys, each kept in the cache as long as its build is current.

An answer belongs to one build and is kept under the build's number, so that a new build refreshes
everything by itself, and two pictures of one page never come from two builds.
"""

from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache

from customer360.periods import Period
from customer360.selectors import customers, kpis, sales
from customer360.selectors.answers import Answer, Built

KEPT_SECONDS = 24 * 3600
LIVE_SECONDS = 60
LIVE = frozenset({"funnel_by_channel"})
TOP = 5

MADE_BY: dict[str, Callable[[Period, Built, int], Answer]] = {
    "kpis": kpis.kpis,
    "customer_segments": customers.customer_segments,
    "monthly_revenue": sales.monthly_revenue,
    "top_customers": customers.top_customers,
    "product_category_performance": sales.product_category_performance,
    "customer_satisfaction": sales.customer_satisfaction,
    "churn_risk": customers.churn_risk,
    "rfm_segmentation": customers.rfm_segmentation,
    "funnel_by_channel": sales.funnel_by_channel,
}


def answer(key: str, period: Period, *, built: Built, limit: int = TOP) -> Answer:
    """The figure's answer, from the cache where this build has given it before.

    Call it within `one_snapshot` together with `current_build`.
    """
    # A database that was begun anew has its build 1 again, but not at the same moment.
    build = f"{built.id}:{built.finished_at}"
    name = f"customer360:{build}:{key}:{period.key}:{limit}:{settings.CURRENCY}"
    kept: Answer | None = cache.get(name)
    if kept is None:
        kept = MADE_BY[key](period, built, limit)
        cache.set(name, kept, LIVE_SECONDS if key in LIVE else KEPT_SECONDS)
    return kept
