"""Where a request comes from, as the last proxy that we trust says it."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The caller's address: PROXY_COUNT places from the end of X-Forwarded-For, as DRF counts them.

    What stands before that is anybody's word. Without a proxy the header counts for nothing.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.PROXY_COUNT
    told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if not proxies or not told[0]:
        return peer
    address = told[-min(proxies, len(told))]
    try:
        return str(ip_address(address))
    except ValueError:
        return peer
