"""Where CRMs call us: verify, keep, wake, acknowledge; and where Twilio fetches what staff sent.

No rule of business is here, and nothing is refused for its content: the sender of a signed
delivery cannot mend it, and would only send it again.
"""

import uuid

import orjson
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.timezone import now
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from rest_framework.exceptions import AuthenticationFailed
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from conversations.crm_shapes import NotAMessageError, read_crm_message, room_of
from conversations.payloads import PayloadError
from conversations.services.drain import WEBHOOK, reading_of
from conversations.services.group_commit import inbox_commits
from conversations.services.inbox import Delivery, weak_key
from conversations.services.sent_files import lent_file, name_for_customers
from conversations.services.waking import wake_after_commit
from funnel_site.access.authentication import find_key
from funnel_site.lib.door import WEBHOOK_BODY_LIMIT, check_json_type, check_transport
from funnel_site.lib.problems import Problem, problem_response
from funnel_site.lib.strict_json import JSONRefusedError, loads

SIGNATURE_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
KEPT_HEADERS = ("Content-Type", "User-Agent", "Webhook-Id", "Webhook-Timestamp")
MOST_SIGNATURES = 10


@csrf_exempt
@login_not_required
def receive_message(request: HttpRequest) -> HttpResponse:
    """POST /webhooks/messages, and /webhook with JSON."""
    try:
        return _receive(request)
    except Problem as problem:
        response = problem_response(problem)
        if problem.status_code == 405:
            response["Allow"] = "POST"
        return response


def _receive(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        raise Problem(405, "method_not_allowed", "Send a POST.")
    check_json_type(request)
    check_transport(request, limit=WEBHOOK_BODY_LIMIT)
    verify(request)
    value, room_id = _glance(request.body)
    stored = inbox_commits.store(
        source=WEBHOOK,
        delivery=Delivery(
            key=_key(request, value),
            body=request.body,
            headers={
                name: request.headers[name][:300]
                for name in KEPT_HEADERS
                if name in request.headers
            },
        ),
    )
    if not stored.is_duplicate:
        wake_after_commit()
    answer = {
        "ok": True,
        "queued": not stored.is_duplicate,
        "duplicate": stored.is_duplicate,
        "event_id": stored.event_id,
        "room_id": room_id or None,
    }
    return HttpResponse(
        orjson.dumps(answer),
        content_type="application/json",
        status=200 if stored.is_duplicate else 202,
    )


def verify(request: HttpRequest) -> None:
    """Let through what is signed with one of our secrets, or comes with a key of scope ingest.

    Raises Problem 401 or 403.
    """
    given = {name: request.headers.get(name, "") for name in SIGNATURE_HEADERS}
    if not any(given.values()):
        _verify_key(request)
        return
    webhook_id = given["webhook-id"]
    if not webhook_id or len(webhook_id) > 200 or "." in webhook_id or not webhook_id.isprintable():
        raise Problem(401, "invalid_signature", "The webhook-id cannot be used.")
    signatures = given["webhook-signature"].split(" ")[:MOST_SIGNATURES]
    given["webhook-signature"] = " ".join(
        signature for signature in signatures if signature.count(",") == 1
    )
    if not any(_is_signed(secret, request.body, given) for secret in settings.WEBHOOK_SECRETS):
        raise Problem(401, "invalid_signature", "The signature is missing, wrong or stale.")


def _is_signed(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        # ValueError: a signature that is no base64, or a body that is no UTF-8.
        return False
    return True


def _verify_key(request: HttpRequest) -> None:
    try:
        key = find_key(request.headers.get("Authorization", ""))
    except AuthenticationFailed as error:
        raise Problem(401, "invalid_key", "The key is not valid.") from error
    if key is None:
        raise Problem(401, "not_authenticated", "Sign the delivery, or send a key.")
    if not key.allows("ingest"):
        raise Problem(403, "missing_scope", "The key has no scope ingest.")


def _glance(body: bytes) -> tuple[object, str]:
    """The JSON, if it is any, and the room it speaks of, for the answer."""
    try:
        value: object = loads(body)
    except JSONRefusedError:
        return None, ""
    return value, room_of(value)


def _key(request: HttpRequest, value: object) -> str:
    """The signed webhook-id; without a signature the message's own key."""
    if webhook_id := request.headers.get("webhook-id", ""):
        return f"id:{webhook_id}"
    try:
        key = weak_key(read_crm_message(value, reading_of(now())))
    except (PayloadError, NotAMessageError):
        # Whatever it holds, the delivery is kept; the drain will say why it is of no use.
        key = ""
    return key or f"new:{uuid.uuid4()}"


@login_not_required
@require_safe
def lend_file(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """GET /sent-files/…: one file, to whoever has its link while that lasts. 403 for all else.

    The type is what the file's bytes were found to be; a browser is told to believe no other and to
    run nothing of it.
    """
    attachment = lent_file(token)
    if attachment is None:
        return HttpResponse(status=403)
    return FileResponse(
        attachment.file.open("rb"),
        filename=name_for_customers(attachment),
        content_type=attachment.content_type,
        headers={
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
            "X-Robots-Tag": "noindex",
        },
    )
