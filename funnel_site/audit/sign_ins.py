"""A superuser's sign-in is told: to the trail, the log, and to ALERT_EMAILS."""

from typing import Any

import structlog
from axes.helpers import get_client_ip_address
from django.core.mail import mail_admins
from django.db import transaction
from django.utils.timezone import now

from funnel_site.audit.models import AuditEntry
from funnel_site.audit.trail import note
from funnel_site.lib.marking import marked

logger = structlog.get_logger(__name__)


def on_sign_in(sender: Any, *, user: Any, request: Any = None, **_: Any) -> None:
    """Receiver of user_logged_in. A mail that does not leave stops nobody from signing in."""
    if not user.is_superuser:
        return
    address = get_client_ip_address(request) if request is not None else ""
    note(
        AuditEntry.Kind.TOLD,
        type(user),
        key=user.pk,
        words=marked("A superuser signed in"),
        actor=user,
        facts={"from": str(address or "")},
    )
    logger.warning("a superuser signed in", user=user.pk)
    transaction.on_commit(lambda: _tell(user.get_username(), address), robust=True)


def _tell(name: str, address: str | None) -> None:
    mail_admins(
        "A superuser signed in",
        f"{name} signed in at {now():%Y-%m-%d %H:%M} UTC from {address or 'an unknown address'}.\n"
        "Daily work is done with roles. If this was not meant, switch the account off and look at"
        " the audit trail.",
        fail_silently=True,
    )
