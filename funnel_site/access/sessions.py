"""Sessions end: some hours after the sign-in, and after a while in which nothing was done."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from funnel_site.access.second_factor import has_second_factor

SIGNED_IN_AT = "signed_in_at"
LAST_DONE_AT = "last_done_at"
PRECISION = 60
"""Seconds within which doing something is not noted again, so that a page is not a write."""


class SessionLimitMiddleware:
    """End sessions that are over, and send staff who must have a second factor to set it up.

    What pages ask for by themselves (Sec-Fetch-Mode other than navigate, on reading) is not
    somebody at the desk: it ends with the session, but does not prolong it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        moment = int(time.time())
        if self._is_over(request, moment):
            logout(request)
            messages.info(request, _("You were signed out: the session had ended."))
            return self.get_response(request)
        self._note(request, moment)
        return self._to_second_factor(request) or self.get_response(request)

    def _is_over(self, request: HttpRequest, moment: int) -> bool:
        began = request.session.get(SIGNED_IN_AT, moment)
        done = request.session.get(LAST_DONE_AT, moment)
        return bool(
            moment - began >= settings.SESSION_HOURS * 3600
            or moment - done >= settings.SESSION_IDLE_MINUTES * 60
        )

    def _note(self, request: HttpRequest, moment: int) -> None:
        is_by_itself = (
            request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
            and request.method == "GET"
        )
        if SIGNED_IN_AT not in request.session:
            request.session[SIGNED_IN_AT] = request.session[LAST_DONE_AT] = moment
        elif not is_by_itself and moment - request.session[LAST_DONE_AT] >= PRECISION:
            request.session[LAST_DONE_AT] = moment

    def _to_second_factor(self, request: HttpRequest) -> HttpResponse | None:
        if not settings.SECOND_FACTOR_REQUIRED or not request.path.startswith("/admin/"):
            return None
        account = reverse("admin:access_account")
        allowed = (account, reverse("admin:logout"), reverse("admin:password_change"))
        if request.path.startswith(allowed) or has_second_factor(request.user):
            return None
        messages.warning(request, _("Set up your second factor first."))
        return redirect(account)
