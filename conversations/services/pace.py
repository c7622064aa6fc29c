"""How fast we send: at most so many messages a second from one number.

Twilio takes 80 a second from a WhatsApp sender and queues the rest for up to four hours; slower is
kinder to what comes behind. The count is in the cache: with Redis it holds for all workers, else
for each process.
"""

import time

from django.core.cache import cache


def wait_for_turn(sender: str, *, per_second: int) -> None:
    """Return at once while this second has room, else when a later one has."""
    while True:
        moment = time.time()
        second = int(moment)
        key = f"twilio-pace:{sender}:{second}"
        cache.add(key, 0, timeout=5)
        try:
            taken = cache.incr(key)
        except ValueError:
            # Evicted between the two calls.
            continue
        if taken <= per_second:
            return
        time.sleep(second + 1 - moment)
