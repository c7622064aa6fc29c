"""Files that staff send: kept beside those that customers sent, and lent to Twilio by a link.

Twilio takes no bytes, only an address that it can fetch. Ours is signed, names one file, lists
nothing, and ends after some hours: Twilio holds a message back for four hours at most.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils.timezone import now

from conversations.file_kinds import FileKind, kept_name, kind_of, sent_name
from conversations.models import Attachment, Message
from conversations.services.attachments import MAGIC, kept_bytes
from conversations.twilio_signatures import signed_address
from funnel_site.lib.marking import marked

SALT = "conversations.sent_files"
LENT_FOR = 6 * 3600


class FileRefusedError(ValueError):
    """Why a file is not sent, in words for staff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file that may be sent."""

    name: str
    kind: FileKind
    content: bytes


def may_leave() -> bool:
    """Whether Twilio could fetch a file from here: it asks by https alone."""
    return is_public_https(settings.PUBLIC_BASE_URL) or bool(settings.TWILIO_API_BASE_URL)


def is_public_https(address: str) -> bool:
    """Whether the world can ask an address by https, as far as it tells by itself.

    >>> [is_public_https(f"https://{host}") for host in ("crm.example", "localhost:8000", "10.0.0.7")]
    [True, False, False]
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        is_public = ip_address(host).is_global
    except ValueError:
        is_public = "." in host and not host.endswith((".localhost", ".local", ".internal"))
    return parts.scheme == "https" and is_public


def outgoing_file(*, name: str, content: bytes) -> OutgoingFile:
    """A file as it would be sent. Raises FileRefusedError for a wrong kind or size."""
    kind = kind_of(content)
    if kind is None:
        raise FileRefusedError(
            marked("WhatsApp takes JPEG, PNG, PDF, MP3, OGG (Opus), AAC and AMR: not this file.")
        )
    if len(content) > kind.most:
        raise FileRefusedError(too_large(kind.most))
    return OutgoingFile(name=kept_name(name), kind=kind, content=content)


def too_large(most: int) -> str:
    return marked("The file is larger than %(megabytes)s MB.", megabytes=most // 2**20)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of ours whose bytes are in the storage."""

    file: OutgoingFile
    sha256: str
    place: str


def store_file(file: OutgoingFile) -> StoredFile:
    """Put the bytes into the storage, once whoever sends them. May be repeated."""
    sha256, place = kept_bytes(file.content, file.kind.suffix)
    return StoredFile(file=file, sha256=sha256, place=place)


def attach(message: Message, stored: StoredFile) -> Attachment:
    """Note a file with its message, as one that has been fetched already."""
    file = stored.file
    return Attachment.objects.create(
        message=message,
        place=0,
        name=file.name,
        content_type=file.kind.content_type,
        state=Attachment.State.STORED,
        file=stored.place,
        sha256=stored.sha256,
        size=len(file.content),
        is_inline=file.kind.content_type in MAGIC,
        fetched_at=now(),
    )


def drop_unused(stored: StoredFile) -> None:
    """Remove a file that no message shows."""
    if not Attachment.objects.filter(sha256=stored.sha256, file=stored.place).exists():
        default_storage.delete(stored.place)


def lent_address(attachment: Attachment) -> str:
    """Where Twilio fetches a file of ours, for some hours from now."""
    token = signing.dumps(attachment.pk, salt=SALT)
    path = reverse("sent-file", args=[token, name_for_customers(attachment)])
    return signed_address(settings.PUBLIC_BASE_URL, path, "")


def name_for_customers(attachment: Attachment) -> str:
    kind = FileKind(
        content_type=attachment.content_type,
        suffix=f".{(attachment.file.name or '').rpartition('.')[2]}",
    )
    return sent_name(attachment.name, kind)


def lent_file(token: str) -> Attachment | None:
    """The file that a link lends; None where it was forged, is over, or the file is gone."""
    try:
        key = signing.loads(token, salt=SALT, max_age=LENT_FOR)
    except signing.BadSignature:
        return None
    return Attachment.objects.filter(pk=key, state=Attachment.State.STORED).first()
