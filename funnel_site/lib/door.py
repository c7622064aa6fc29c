"""What every POST body passes before anyone parses it: length, size, type, encoding."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from rest_framework.parsers import BaseParser

from funnel_site.lib.problems import Problem
from funnel_site.lib.strict_json import JSONRefusedError, loads

API_BODY_LIMIT = 64 * 2**10
"""Bytes of one API post; a view that takes lists sets its own `body_limit`."""

WEBHOOK_BODY_LIMIT = 4 * 2**20
"""Bytes of one webhook delivery; WhatsApp's own batches reach 3 MB."""


def check_transport(request: HttpRequest, *, limit: int) -> None:
    """Raise Problem for a body that must not even be read.

    A chunked body has no Content-Length, and under WSGI it would be seen as empty: a silent loss.
    """
    meta = request.META
    length = meta.get("CONTENT_LENGTH") or ""
    if "chunked" in meta.get("HTTP_TRANSFER_ENCODING", "").lower() or not length:
        raise Problem(411, "length_required", "Send the body with a Content-Length.")
    if not length.isascii() or not length.isdigit():
        raise Problem(400, "bad_length", "Content-Length is not a number.")
    if int(length) > limit:
        raise Problem(413, "too_large", f"The body is larger than {limit} bytes.")
    if int(length) == 0:
        raise Problem(400, "empty_body", "The body is empty.")
    if meta.get("HTTP_CONTENT_ENCODING", "identity").lower() not in ("", "identity"):
        raise Problem(415, "content_encoding", "Send the body without Content-Encoding.")


def check_json_type(request: HttpRequest) -> None:
    """Raise Problem unless the body says it is JSON in UTF-8."""
    charset = str((request.content_params or {}).get("charset", "utf-8"))
    if request.content_type != "application/json":
        raise Problem(415, "content_type", "Send the body as application/json.")
    if charset.lower().strip('"') not in ("utf-8", "utf8"):
        raise Problem(415, "charset", "Send the body in UTF-8.")


def parse_json(body: bytes) -> Any:
    """Bytes to JSON values, or Problem with the reason's code."""
    try:
        return loads(body)
    except JSONRefusedError as refusal:
        raise Problem(400, refusal.code, refusal.detail) from refusal


class JSONBodyMixin:
    """For DRF views that take a JSON body: the door comes right after the caller is known.

    DRF itself takes a body without a usable length for an empty one.
    """

    body_limit = API_BODY_LIMIT

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        check_json_type(request._request)
        check_transport(request._request, limit=self.body_limit)


class StrictJSONParser(BaseParser):
    """DRF's parser with our rules for JSON."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        context = parser_context or {}
        return parse_json(context["request"]._request.body)
