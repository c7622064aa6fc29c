"""Files that customers sent: links until somebody wants one, then fetched from Twilio's hosts alone.

The link is the customer's word as far as we are concerned: it is checked by scheme and host, again
after each redirect, and our credentials go to Twilio's API and nowhere else.
"""

import hashlib
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import requests
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.timezone import now

from conversations.models import Attachment
from conversations.services.accounts import account_for
from funnel_site.lib.marking import marked

HOSTS = frozenset({"api.twilio.com", "media.twiliocdn.com", "mms.twiliocdn.com"})
CREDENTIAL_HOSTS = frozenset({"api.twilio.com"})
LARGEST = 16 * 2**20
MOST_REDIRECTS = 3
TIMEOUT = 10.0
MAGIC = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/webp": (b"RIFF",),
    "image/gif": (b"GIF87a", b"GIF89a"),
}
"""What the first bytes of the types are that a browser may show; all else is downloaded."""
SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "video/mp4": ".mp4",
}


class FetchError(Exception):
    """Why a file cannot be had, in words for staff."""


def is_allowed(url: str) -> bool:
    """Whether a link is one of Twilio's: https, a host of theirs by name, no other port.

    >>> is_allowed("https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1")
    True
    >>> is_allowed("https://api.twilio.com.evil.example/x"), is_allowed("http://api.twilio.com/")
    (False, False)
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.username is not None or "\\" in url or not url.isprintable():
        return False
    if settings.TWILIO_API_BASE_URL and url.startswith(f"{settings.TWILIO_API_BASE_URL}/"):
        return True
    return parts.scheme == "https" and parts.hostname in HOSTS and port in (None, 443)


def fetch_attachment(attachment_id: int) -> Attachment | None:
    """Fetch one file into storage, once; the reason is noted where it cannot be had.

    The same bytes are stored once, whoever sent them.
    """
    attachment = Attachment.objects.filter(pk=attachment_id).first()
    if attachment is None or attachment.state == Attachment.State.STORED:
        return attachment
    try:
        content, kind = _download(attachment)
    except FetchError as error:
        attachment.state, attachment.reason = Attachment.State.FAILED, str(error)[:300]
        attachment.save(update_fields=["state", "reason"])
        return attachment
    _keep(attachment, content, kind)
    return attachment


def _download(attachment: Attachment) -> tuple[bytes, str]:
    url = attachment.url
    account = account_for(attachment.account_sid)
    with requests.Session() as session:
        # No proxy settings and no .netrc: credentials go where this module sends them.
        session.trust_env = False
        for _ in range(MOST_REDIRECTS + 1):
            if not is_allowed(url):
                raise FetchError(marked("The link does not lead to Twilio: it is never fetched."))
            credentials = None
            if account is not None and _takes_credentials(url):
                credentials = (account.sid, account.token)
            try:
                with session.get(
                    url, auth=credentials, timeout=TIMEOUT, allow_redirects=False, stream=True
                ) as response:
                    if response.is_redirect:
                        url = urljoin(url, response.headers.get("Location", ""))
                        continue
                    return _body(response), response.headers.get("Content-Type", "")
            except requests.RequestException as error:
                raise FetchError(
                    marked("Twilio could not be reached: %(error)s.", error=type(error).__name__)
                ) from error
    raise FetchError(marked("Too many redirects."))


def _takes_credentials(url: str) -> bool:
    base = settings.TWILIO_API_BASE_URL
    return urlsplit(url).hostname in CREDENTIAL_HOSTS or bool(base and url.startswith(f"{base}/"))


def _body(response: requests.Response) -> bytes:
    if response.status_code != 200:
        raise FetchError(
            marked(
                "Twilio answered %(status_code)s: the file may be gone.",
                status_code=response.status_code,
            )
        )
    parts: list[bytes] = []
    size = 0
    for part in _parts(response):
        size += len(part)
        if size > LARGEST:
            raise FetchError(marked("The file is larger than 16 MB."))
        parts.append(part)
    return b"".join(parts)


def _parts(response: requests.Response) -> Iterator[bytes]:
    yield from response.iter_content(65_536)


def _keep(attachment: Attachment, content: bytes, kind: str) -> None:
    kind = kind.partition(";")[0].strip().lower() or attachment.content_type
    attachment.size = len(content)
    attachment.content_type = kind[:100]
    attachment.is_inline = any(content.startswith(magic) for magic in MAGIC.get(kind, ()))
    attachment.sha256, attachment.file.name = kept_bytes(content, SUFFIXES.get(kind, ".bin"))
    attachment.state, attachment.reason = Attachment.State.STORED, ""
    attachment.fetched_at = now()
    attachment.save()


def kept_bytes(content: bytes, suffix: str) -> tuple[str, str]:
    """The digest of a file and its place in the storage, where the same bytes lie once."""
    digest = hashlib.sha256(content).hexdigest()
    twin = Attachment.objects.filter(sha256=digest, state=Attachment.State.STORED).first()
    if twin is not None and twin.file.name:
        return digest, twin.file.name
    place = f"attachments/{digest[:2]}/{digest}{suffix}"
    return digest, default_storage.save(place, ContentFile(content))
