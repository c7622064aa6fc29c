"""Where a review comes from: computed from what is there, never set by hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from django.utils.translation import gettext_lazy as _

from reviews.models import Review, ReviewSession
from reviews.signals import purchases_asked

Sale = tuple[datetime, str]
"""When, and the address of its page."""


class Origin(StrEnum):
    """The strongest that holds: a buyer who was invited is verified."""

    VERIFIED = "verified"
    INVITED = "invited"
    ORGANIC = "organic"


WORDS = {
    Origin.VERIFIED: _("Verified buyer"),
    Origin.INVITED: _("Invited"),
    Origin.ORGANIC: _("Organic"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How a review came about, with the sale that verifies it."""

    origin: Origin
    sale_url: str = ""


def provenance_of(reviews: Iterable[Review]) -> dict[int, Provenance]:
    """Each review's provenance by its key, in a few statements for all of them.

    Verified is who had bought something before the review; invited, whom a campaign asked.
    """
    rows = list(reviews)
    sales = _sales({row.customer_id for row in rows if row.customer_id is not None})
    sessions = ReviewSession.objects.filter(pk__in=[row.session_id for row in rows])
    invited = set(sessions.exclude(invitation=None).values_list("pk", flat=True))
    return {row.pk: _judge(row, sales.get(row.customer_id or 0, []), invited) for row in rows}


def _judge(review: Review, sales: list[Sale], invited: set[int]) -> Provenance:
    before = [sale for sale in sales if sale[0] <= review.created_at]
    if before:
        return Provenance(origin=Origin.VERIFIED, sale_url=max(before)[1])
    is_invited = review.session_id in invited
    return Provenance(origin=Origin.INVITED if is_invited else Origin.ORGANIC)


def _sales(customers: set[int]) -> dict[int, list[Sale]]:
    found: dict[int, list[Sale]] = {}
    for _receiver, answer in purchases_asked.send(Review, customers=customers):
        known = cast("dict[int, list[Sale]]", answer or {})
        for customer, sales in known.items():
            found.setdefault(customer, []).extend(sales)
    return found
