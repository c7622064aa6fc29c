"""What is done to every request and answer, whatever the page."""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from funnel_site.lib.problems import Problem, problem_response
from operations.doors import doors

logger = structlog.get_logger(__name__)

Next = Callable[[HttpRequest], HttpResponse]
SAFE_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")
WEBHOOK_PATHS = ("/webhook", "/twilio-status-callback")
NO_DEVICES = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
MACHINE_PATHS = (
    *WEBHOOK_PATHS,
    "/api/",
    "/sent-files/",
    "/health",
    "/readyz",
    "/funnel-report",
    "/reviews",
    "/get_card_status",
    "/kpis",
    "/customer_s",
    "/monthly_revenue",
    "/top_customers",
    "/product_category_performance",
    "/churn_risk",
    "/rfm_segmentation",
)


class RequestIdMiddleware:
    """Give each request an id: in the log lines, in problem JSON and in X-Request-ID.

    Also the one place where a database that is away becomes 503 for machines: never a 2xx, and
    an answer that tells them to come again.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if SAFE_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        response["Permissions-Policy"] = NO_DEVICES
        if request.path.startswith(MACHINE_PATHS):
            response.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError | InterfaceError) and request.path.startswith(
            MACHINE_PATHS
        ):
            return _come_again()
        return None


class WebhookMiddleware:
    """Hand webhook deliveries to their views before all that only browsers need.

    Sessions, messages, page policies and lock-outs have nothing to say to a sender without a
    cookie, and cost it a third of its time. Only views that are open to strangers and exempt from
    CSRF, as every webhook must be, are served here.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = self._view(request)
        if view is None:
            return self.get_response(request)
        began, status = time.perf_counter(), 500
        try:
            response = view(request)
            status = response.status_code
        except (OperationalError, InterfaceError):
            logger.exception("the database is away")
            response = _come_again()
            status = response.status_code
        finally:
            doors.note(request.path_info[:100], status, time.perf_counter() - began)
        return response

    def _view(self, request: HttpRequest) -> Next | None:
        if not request.path_info.startswith(WEBHOOK_PATHS):
            return None
        try:
            match = request.resolver_match = resolve(request.path_info)
        except Resolver404:
            return None
        is_open = not getattr(match.func, "login_required", True)
        is_exempt = getattr(match.func, "csrf_exempt", False)
        return match.func if is_open and is_exempt and not match.kwargs else None


def _come_again() -> HttpResponse:
    return problem_response(Problem(503, "database_away", "The database is away."))


class AdminScriptPolicyMiddleware:
    """Let the admin theme's scripts evaluate expressions, under /admin/ and nowhere else.

    The theme ships Alpine.js, which evaluates its attributes; under the site's strict policy its
    login page cannot be used.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_update = {  # type: ignore[attr-defined]
                "script-src": [SELF, UNSAFE_EVAL],
                "style-src": [SELF, UNSAFE_INLINE],
            }
        elif request.path.rstrip("/") == "/docs":
            # Swagger UI sets styles on elements; its scripts need no leave.
            response._csp_update = {  # type: ignore[attr-defined]
                "style-src": [SELF, UNSAFE_INLINE]
            }
        return response
