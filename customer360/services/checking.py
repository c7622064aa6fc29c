"""The churn model held against the last days, and the outcome kept for analysts to read."""

from datetime import date, timedelta
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from conversations.models import Customer
from customer360.contributions import SALES, union_of
from customer360.dialect import dialect
from customer360.models import ModelCheck
from customer360.scores import DAY, calibration
from customer360.scores.lifetimes import NotFittedError
from customer360.selectors.answers import current_build
from customer360.services.staging import fetch, parameters
from funnel_site.lib.days import site_today
from funnel_site.lib.marking import marked

HELD_OUT = 90
LARGEST_SAMPLE = 50_000
# Of each buyer: first and last purchase day before the days held out, and how many before and in them.
PATTERNS = """
SELECT MIN(day), MAX(day) FILTER (WHERE day <= %(cut)s),
    COUNT(DISTINCT day) FILTER (WHERE day <= %(cut)s),
    COUNT(DISTINCT day) FILTER (WHERE day > %(cut)s)
FROM ({sales}) AS sale WHERE is_order = 1 GROUP BY customer_id HAVING MIN(day) <= %(cut)s
"""


def check_model(*, as_of: date | None = None) -> ModelCheck:
    """Fit without the last 90 days, compare with them, and keep what came out.

    Beyond LARGEST_SAMPLE customers on every n-th of them. Where no model can be fitted the row says
    why and has no numbers.
    """
    day = as_of or current_build().as_of or site_today()
    cut = day - timedelta(days=HELD_OUT)
    first, last, before, after = _patterns(day, cut)
    check = ModelCheck(
        as_of=day,
        days=HELD_OUT,
        customers=len(before),
        repeat_buyers=int((before > 1).sum()),
    )
    try:
        with threadpool_limits(limits=1):
            fit, bands = calibration.calibrated(
                before - 1,
                (last - first) * DAY,
                (cut.toordinal() - first) * DAY,
                after,
                days=HELD_OUT,
            )
    except NotFittedError as error:
        check.note = marked("%(why)s.", why=error.args[0])[:300]
    else:
        check.parameters = {name: getattr(fit, name) for name in ("r", "alpha", "a", "b")}
        check.bands = [band.as_json() for band in bands]
    check.save()
    return check


def _patterns(day: date, cut: date) -> list[Any]:
    step = -(-Customer.objects.count() // LARGEST_SAMPLE)
    only = f"SELECT id FROM conversations_customer WHERE id %% {step} = 0" if step > 1 else ""
    statement = PATTERNS.format(sales=union_of(SALES, dialect(), only=only))
    rows = fetch(statement, {**parameters(day), "cut": cut.isoformat()})
    days = [[_ordinal(row[place]) for row in rows] for place in (0, 1)]
    numbers = [[row[place] for row in rows] for place in (2, 3)]
    return [np.array(column, dtype=np.int64) for column in (*days, *numbers)]


def _ordinal(value: Any) -> int:
    """SQLite hands a computed day over as text."""
    return (date.fromisoformat(value) if isinstance(value, str) else value).toordinal()
