"""In which order delivery statuses replace each other.

A strict total order and the maximum: whatever subset of callbacks comes, in whatever order and
however often, the end is the same. Failures do not end it, because a message can be read on one
device after it failed on another.
"""

ORDER = (
    "scheduled",
    "accepted",
    "queued",
    "sending",
    "sent",
    "canceled",
    "failed",
    "undelivered",
    "partially_delivered",
    "delivered",
    "read",
)
RANK = {status: place for place, status in enumerate(ORDER, start=1)}
FAILURES = frozenset({"canceled", "failed", "undelivered"})
ENDS = FAILURES | {"delivered", "read"}
"""After these Twilio has nothing left to tell, but for a read that nobody waits for."""
