"""The codes of doubts and of contradictions in words for staff. Words only."""

from funnel_site.lib.marking import marked
from funnel_site.lib.words import translated

DOUBTS = {
    "ambiguous_day_month": marked("day or month first? Both are possible"),
    "past": marked("the date lies in the past"),
    "impossible_date": marked("there is no such date"),
    "too_far": marked("the date is too far away"),
    "needs_review": marked("not clear: please read it"),
}
ANOMALIES = {
    "transaction_without_booking": marked("paid without a booking"),
    "booking_before_lead": marked("booked before the first contact"),
    "transaction_before_lead": marked("paid before the first contact"),
    "refund_exceeds_payment": marked("more given back than paid"),
}


def doubt_in_words(code: str) -> str:
    return translated(DOUBTS.get(code, code))


def anomalies_in_words(codes: str) -> str:
    """What a funnel's blank-separated codes say, one after the other."""
    return ", ".join(translated(ANOMALIES.get(code, code)) for code in codes.split())
