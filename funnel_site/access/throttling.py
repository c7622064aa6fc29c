"""How often one caller may ask: a count a minute, after authentication."""

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from funnel_site.access.models import ApiKey

WINDOW = 60


def count_call(name: str, *, cost: int = 1) -> int:
    """How many calls were made under this name in the present minute, this one included."""
    slot = f"{name}:{int(time.time() // WINDOW)}"
    if cache.add(slot, cost, timeout=2 * WINDOW):
        return cost
    try:
        return cache.incr(slot, cost)
    except ValueError:
        return cost


def window_left() -> float:
    """Seconds until the count begins anew."""
    return WINDOW - time.time() % WINDOW


class CallerThrottle(BaseThrottle):
    """A fixed window a key or member of staff.

    DRF's own throttles keep a list of every request's time, which at thousands a minute costs
    more than the request; a counter is exact enough for a fair share.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        caller = self._caller(request)
        if not caller:
            return True
        return count_call(f"calls:{caller}") <= settings.API_REQUESTS_PER_MINUTE

    def wait(self) -> float:
        return window_left()

    @staticmethod
    def _caller(request: Request) -> str:
        if isinstance(request.auth, ApiKey):
            return f"key:{request.auth.pk}"
        return f"user:{request.user.pk}" if request.user and request.user.pk else ""
