"""Churn in bands and in words, by the model where there is one and by a rule where there is not.

With a fitted MBG/NBD the risk is 1 - P(alive): below a third low, below two thirds medium, else high.
Without one (fewer than `lifetimes.MIN_REPEAT_BUYERS` repeat buyers, or no convergence) no probability
is stated, and the band follows from the days since the last purchase alone: up to 90 low, up to 180
medium, else high. Who never bought has not churned: `no_purchase`. The words are those that
models.ChurnLevel stores.
"""

import numpy as np
import numpy.typing as npt

from funnel_site.lib.marking import Marked, marked

LOW, MEDIUM, HIGH, NO_PURCHASE = "low", "medium", "high", "no_purchase"
BANDS = (LOW, MEDIUM, HIGH, NO_PURCHASE)
MEDIUM_FROM, HIGH_FROM = 1 / 3, 2 / 3
LOW_UNTIL_DAYS, MEDIUM_UNTIL_DAYS = 90, 180


def risk_bands(risk: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Bands of churn risks, 0 to 1; no number means no purchase.

    >>> risk_bands([0.1, 0.34, 0.9, float("nan")]).tolist()
    ['low', 'medium', 'high', 'no_purchase']
    """
    given = np.asarray(risk, dtype=np.float64)
    place = np.digitize(given, (MEDIUM_FROM, HIGH_FROM))
    return np.array(BANDS)[np.where(np.isnan(given), 3, place)]


def rule_bands(days_since_last: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Bands by the simple rule; no number of days means no purchase.

    >>> rule_bands([0, 90, 91, 180, 181, float("nan")]).tolist()
    ['low', 'low', 'medium', 'medium', 'high', 'no_purchase']
    """
    given = np.asarray(days_since_last, dtype=np.float64)
    place = np.digitize(given, (LOW_UNTIL_DAYS, MEDIUM_UNTIL_DAYS), right=True)
    return np.array(BANDS)[np.where(np.isnan(given), 3, place)]


def reason(*, orders: int, days_since_last: int | None, usual_gap_days: float | None) -> str:
    """Why a customer has the risk they have, in words.

    >>> reason(orders=3, days_since_last=40, usual_gap_days=12)
    '3 orders, last 40 days ago, usual gap 12 days'
    >>> reason(orders=1, days_since_last=1, usual_gap_days=None)
    '1 order, 1 day ago'
    >>> reason(orders=0, days_since_last=None, usual_gap_days=None)
    'no order yet'
    """
    if not orders or days_since_last is None:
        return marked("no order yet")
    ago = (
        marked("today")
        if days_since_last == 0
        else marked("%(days)s ago", days=_days(days_since_last))
    )
    if orders == 1:
        return marked("1 order, %(ago)s", ago=ago)
    if usual_gap_days is None:
        return marked("%(orders)s orders, last %(ago)s", orders=f"{orders:,}", ago=ago)
    gap = round(usual_gap_days)
    return marked(
        "%(orders)s orders, last %(ago)s, usual gap %(gap)s",
        orders=f"{orders:,}",
        ago=ago,
        gap=_days(gap) if gap else marked("under a day"),
    )


def _days(number: int) -> Marked:
    return marked("1 day") if number == 1 else marked("%(number)s days", number=f"{number:,}")
