"""Every error answer: RFC 9457 problem JSON that names the field and never echoes the value."""

from typing import Any

import structlog
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers

TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    411: "Length required",
    413: "Too large",
    415: "Unsupported media type",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available",
}
MEDIA_TYPE = "application/problem+json"


class Problem(exceptions.APIException):
    """A refusal with its status, code and, where there is one, the field."""

    def __init__(self, status: int, code: str, detail: str, *, field: str = "") -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.problem_code = code
        self.problem_detail = detail
        self.field = field


def problem_body(status: int, code: str, detail: str, *, field: str = "") -> dict[str, Any]:
    """The members of one problem; `field` only where there is one."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if field:
        body["field"] = field
    if request_id := structlog.contextvars.get_contextvars().get("request_id"):
        body["request_id"] = request_id
    return body


def problem_response(problem: Problem) -> JsonResponse:
    """The answer of a plain Django view to a Problem."""
    body = problem_body(
        problem.status_code, problem.problem_code, problem.problem_detail, field=problem.field
    )
    response = JsonResponse(body, status=problem.status_code, content_type=MEDIA_TYPE)
    if problem.status_code == 503:
        response["Retry-After"] = "5"
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Django's handler400 (bad Host, suspicious request)."""
    return problem_response(Problem(400, "bad_request", "The request cannot be read."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404: a page for staff, a problem for programs."""
    if _is_for_staff(request):
        return _page(request, 404, _("There is nothing at this address."))
    return problem_response(Problem(404, "not_found", "There is nothing at this address."))


def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403."""
    if _is_for_staff(request):
        return _page(request, 403, _("Your role does not open this page."))
    return problem_response(Problem(403, "not_allowed", "This is not yours to open."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: no trace, only the request id to look up in the log."""
    if _is_for_staff(request):
        # Without the site around it: what has failed may be what the site is drawn from.
        shown = {"request_id": structlog.contextvars.get_contextvars().get("request_id", "")}
        return HttpResponse(render_to_string("admin/failed.html", shown), status=500)
    return problem_response(Problem(500, "internal_error", "The request failed on our side."))


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457 problem JSON, for the API's description."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    field = serializers.CharField(required=False)
    request_id = serializers.CharField(required=False)


def _is_for_staff(request: HttpRequest) -> bool:
    """Whether a person reads the answer in the admin; their pages' own scripts do not ask for pages."""
    user = getattr(request, "user", None)
    wanted = request.get_preferred_type(["application/json", "text/html"])
    return (
        wanted == "text/html"
        and request.path.startswith("/admin/")
        and bool(user and user.is_staff)
    )


def _page(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": detail}
    return TemplateResponse(request, "admin/problem.html", context, status=status).render()
