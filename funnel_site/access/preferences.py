"""The language and the time zone in which a member of staff reads the pages.

What they have chosen is a row, read once at the sign-in and kept in the session. Who has chosen
nothing gets the language and the zone of the browser. Only looks depend on it: reports, exports and
imports keep the site's zone.
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from funnel_site.access.models import Preference

LANGUAGE, ZONE = "language", "time_zone"
ZONE_COOKIE = "zone"
STAFF_PAGES = "/admin/"
# Files that people take away or bring are the same for everybody.
SAME_FOR_ALL = ("export", "import")

Next = Callable[[HttpRequest], HttpResponse]


def remember(*, user: Any, session: Any, language: str, time_zone: str) -> None:
    """Keep a choice; "" leaves it to the browser."""
    Preference.objects.update_or_create(
        user=user, defaults={"language": language, "time_zone": time_zone}
    )
    session[LANGUAGE], session[ZONE] = language, time_zone


def load_choice(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Put the choice of who signs in into their session."""
    if request is None:
        return
    chosen = Preference.objects.filter(user=user).first()
    request.session[LANGUAGE] = chosen.language if chosen else ""
    request.session[ZONE] = chosen.time_zone if chosen else ""


def connect() -> None:
    user_logged_in.connect(load_choice, dispatch_uid="language and zone of who signs in")


def language_of(request: HttpRequest) -> str:
    """The chosen language, else the browser's, else the site's."""
    chosen = request.session.get(LANGUAGE, "")
    if chosen in dict(settings.LANGUAGES):
        return str(chosen)
    return translation.get_language_from_request(request)


@cache
def known_zones() -> frozenset[str]:
    """The names of all zones. They are files, hundreds of them: listed once in a process."""
    return frozenset(available_timezones())


def zone_of(request: HttpRequest) -> str:
    """The chosen zone, else the browser's from its cookie, else the site's."""
    for name in (request.session.get(ZONE, ""), request.COOKIES.get(ZONE_COOKIE, "")):
        if name in known_zones():
            return str(name)
    return settings.TIME_ZONE


class ViewerMiddleware:
    """Answer staff's pages in the viewer's language, with times in their zone."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(STAFF_PAGES):
            return self.get_response(request)
        is_file = any(part.startswith(SAME_FOR_ALL) for part in request.path.split("/"))
        language = language_of(request)
        with ExitStack() as looks:
            if not (is_file and request.method == "POST"):
                looks.enter_context(translation.override(language))
            if not is_file:
                looks.enter_context(timezone.override(ZoneInfo(zone_of(request))))
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or language)
        patch_vary_headers(response, ("Accept-Language",))
        return response
