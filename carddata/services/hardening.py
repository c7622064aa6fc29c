"""What is left of an erased customer's card events beside the card: nothing that can be guessed at.

An event's `content` is a plain digest, of the number too, and numbers can all be tried. With the
erasure it is hashed once more under ERASURE_KEY; a row that comes again for an erased number is hashed
likewise (`carddata.services.loading`), so that it is still known as the same.
"""

from collections.abc import Collection

from carddata.models import CardEvent
from carddata.services.current import recompute
from carddata.services.loading import lock_writers
from funnel_site.lib.batches import chunks, update_rows
from funnel_site.tombstones.services import hardened

BATCH = 5_000


def harden_contents(phones: Collection[str]) -> int:
    """Hash the events of these numbers once more, inside the erasure's transaction; returns how many.

    To be called before the numbers are blanked. Among events of one instant and weight another
    digest may be the greatest: their cards' statuses are looked up anew.
    """
    mine = CardEvent.objects.filter(contact__in=set(phones) - {""}).order_by("pk")
    events = list(mine.values_list("pk", "card_id", "content"))
    if not events:
        return 0
    lock_writers()
    for some in chunks(events, BATCH):
        rows = [CardEvent(pk=key, content=hardened(content)) for key, _, content in some]
        update_rows(rows, ["content"])
        recompute([card_id for _, card_id, _ in some])
    return len(events)
