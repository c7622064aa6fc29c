"""Every write of the audit trail, beside the differences that django-auditlog writes itself."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog
from axes.helpers import get_client_ip_address
from django.contrib.contenttypes.models import ContentType
from django.db import models

from funnel_site.lib.masking import current_request, personal_fields, viewer

if TYPE_CHECKING:
    from funnel_site.audit.models import AuditEntry

LONGEST_PATH = 500
LONGEST_WORDS = 2_000


def request_id() -> str:
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def complete(entry: "AuditEntry") -> None:
    """Say who does it and from where; take a person's name out of what the entry calls its object."""
    user, request = viewer(), current_request()
    if user is not None and entry.actor_id is None:
        entry.actor, entry.who = user, user.get_username()
    if request is not None and hasattr(request, "META"):
        entry.remote_addr = entry.remote_addr or get_client_ip_address(request) or None
        entry.path = entry.path or request.path[:LONGEST_PATH]
    model = entry.content_type.model_class()
    if model is not None and (personal_fields(model) or not entry.object_repr):
        entry.object_repr = f"{model._meta.verbose_name_raw} {entry.object_pk}".strip().capitalize()


def note(
    kind: str,
    model: type[models.Model],
    *,
    key: object = "",
    words: str = "",
    facts: Mapping[str, Any] | None = None,
    actor: Any = None,
) -> None:
    """Add an entry about one object, or about many where `key` is empty.

    The actor is the viewer of the request; `actor` says who it is where there is none yet.

    `facts` are kept as JSON: the numbers of the objects, the file's name, the filter.
    """
    from funnel_site.audit.models import AuditEntry

    text = str(key)
    AuditEntry.objects.create(
        kind=kind,
        action=AuditEntry.Action.UPDATE
        if kind in (AuditEntry.Kind.CHANGED, AuditEntry.Kind.REPLAYED)
        else AuditEntry.Action.ACCESS,
        content_type=ContentType.objects.get_for_model(model, for_concrete_model=False),
        object_pk=text[:255],
        object_id=int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None,
        words=words[:LONGEST_WORDS],
        additional_data=dict(facts) if facts else None,
        cid=request_id(),
        actor=actor,
        who=actor.get_username() if actor is not None else "",
    )
