"""Where Twilio calls us: verify, keep, answer. Nothing signed is refused for its content.

Answers are XML or empty, never plain text (Twilio sends that to the customer), JSON or HTML.
"""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.csrf import csrf_exempt

from conversations.services.refusals import is_from_twilio
from conversations.twilio_signatures import SignedRequest
from funnel_site.lib.door import check_transport
from funnel_site.lib.problems import Problem
from reviews.services.answering import Post, answer_message, note_status

BODY_LIMIT = 64 * 2**10
FORM = "application/x-www-form-urlencoded"
KEPT_HEADERS = ("Content-Type", "User-Agent", "I-Twilio-Idempotency-Token", "X-Home-Region")

Handler = Callable[[Post], HttpResponse]


@csrf_exempt
@login_not_required
def receive_inbound(request: HttpRequest) -> HttpResponse:
    """POST /webhooks/twilio/inbound, and /webhook with a form."""
    return _receive(request, "inbound", lambda post: _xml(answer_message(post)))


@csrf_exempt
@login_not_required
def receive_status(request: HttpRequest) -> HttpResponse:
    """POST /webhooks/twilio/status, and /twilio-status-callback."""
    return _receive(request, "status", _take_status)


def _take_status(post: Post) -> HttpResponse:
    words = post.form.get("MessageStatus") or post.form.get("SmsStatus") or [""]
    note_status(post, word=words[0].strip().lower())
    return HttpResponse(status=204)


def _xml(twiml: str) -> HttpResponse:
    return HttpResponse(twiml, content_type="text/xml; charset=utf-8")


def _refusal(status: int) -> HttpResponse:
    return HttpResponse(status=status, content_type="text/xml")


def _receive(request: HttpRequest, door: str, handle: Handler) -> HttpResponse:
    if request.method != "POST":
        response = _refusal(405)
        response["Allow"] = "POST"
        return response
    try:
        _check_form(request)
        check_transport(request, limit=BODY_LIMIT)
    except Problem as problem:
        return _refusal(problem.status_code)
    body = request.body
    try:
        form = QueryDict(body, encoding="utf-8")
    except TooManyFieldsSent:
        return _refusal(413)
    post = Post(
        account_sid=form.get("AccountSid") or "",
        sid=form.get("MessageSid") or "",
        form=dict(form.lists()),
        body=body,
        headers={
            name: request.headers[name][:300] for name in KEPT_HEADERS if name in request.headers
        },
        query=request.META.get("QUERY_STRING", ""),
    )
    if not is_from_twilio(_signed(request, form), account_sid=post.account_sid, door=door):
        return _refusal(403)
    return handle(post)


def _check_form(request: HttpRequest) -> None:
    """Raise Problem unless the body says it is a form in UTF-8."""
    charset = str((request.content_params or {}).get("charset", "utf-8")).lower().strip('"')
    if request.content_type != FORM or charset not in ("utf-8", "utf8"):
        raise Problem(415, "content_type", f"Send the body as {FORM} in UTF-8.")


def _signed(request: HttpRequest, form: QueryDict) -> SignedRequest:
    """What the signature is about: our own path as it was called, and the query untouched."""
    meta = request.META
    return SignedRequest(
        path=request.path_info,
        query=meta.get("QUERY_STRING", ""),
        params=form,
        signature=meta.get("HTTP_X_TWILIO_SIGNATURE", ""),
        host=meta.get("HTTP_HOST", ""),
        forwarded_host=meta.get("HTTP_X_FORWARDED_HOST", ""),
        forwarded_proto=meta.get("HTTP_X_FORWARDED_PROTO", ""),
    )
