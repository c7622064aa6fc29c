"""The one address that two senders share: CRMs post JSON to /webhook, Twilio posts forms."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from conversations.webhooks import receive_message
from reviews.webhooks import FORM, receive_inbound


@csrf_exempt
@login_not_required
def receive_either(request: HttpRequest) -> HttpResponse:
    """POST /webhook: a form is Twilio's, anything else is for the CRMs' door to judge."""
    if request.content_type == FORM or "X-Twilio-Signature" in request.headers:
        return receive_inbound(request)
    return receive_message(request)
