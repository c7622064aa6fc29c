"""DRF's exceptions as RFC 9457 problem JSON."""

from typing import Any, cast

from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import ErrorResponse, ExceptionHandlerContext
from rest_framework import exceptions
from rest_framework.response import Response

from funnel_site.lib.problems import MEDIA_TYPE, Problem, problem_body


class ProblemFormatter(ExceptionFormatter):
    """drf-standardized-errors' reading of an exception, in RFC 9457's shape."""

    def format_error_response(self, error_response: ErrorResponse) -> Any:
        first = error_response.errors[0]
        status = getattr(self.exc, "status_code", 500)
        if isinstance(self.exc, Problem):
            return problem_body(
                status, self.exc.problem_code, self.exc.problem_detail, field=self.exc.field
            )
        body = problem_body(status, first.code, first.detail, field=first.attr or "")
        if len(error_response.errors) > 1:
            body["errors"] = [
                {"field": error.attr or "", "code": error.code, "detail": error.detail}
                for error in error_response.errors
            ]
        return body


class ProblemHandler(ExceptionHandler):
    """The library's handler with our formatter."""

    def format_exception(self, exc: exceptions.APIException) -> Any:
        return ProblemFormatter(exc, self.context, self.exc).run()


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER."""
    handler = ProblemHandler(exc, cast("ExceptionHandlerContext", context))
    response: Response | None = handler.run()
    if response is not None:
        response.content_type = MEDIA_TYPE
    return response
