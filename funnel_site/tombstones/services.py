"""Asking whether a key was erased, and noting that it is. No key is ever kept in clear."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings

from funnel_site.tombstones.models import ErasedKey

Key = tuple[str, str]
PHONE, USER, EMAIL, RECORD = "phone", "whatsapp_user", "email", "record"
ALIAS = "erased:"


def digest_of(key: Key) -> str:
    """HMAC-SHA256 of a key under ERASURE_KEY, in hexadecimal.

    A plain hash of a phone number is undone by trying all numbers; without the key this is not.
    """
    text = "\x1f".join(key).encode()
    return hmac.new(settings.ERASURE_KEY.encode(), text, hashlib.sha256).hexdigest()


def alias_of(key: Key) -> str:
    """The name under which what still comes for an erased key is filed."""
    return f"{ALIAS}{digest_of(key)[:40]}"


def hardened(digest: UUID) -> UUID:
    """A plain digest of what was erased, as one that only ERASURE_KEY leads to."""
    made = hmac.new(settings.ERASURE_KEY.encode(), digest.bytes, hashlib.sha256)
    return UUID(bytes=made.digest()[:16])


def erased_among(keys: Iterable[Key]) -> dict[Key, datetime]:
    """Those of the keys that were erased, and when. At most two statements."""
    wanted = {key for key in keys if key[1]}
    if not wanted or not ErasedKey.objects.exists():
        return {}
    by_digest = {digest_of(key): key for key in wanted}
    rows = ErasedKey.objects.filter(digest__in=by_digest)
    return {by_digest[digest]: at for digest, at in rows.values_list("digest", "erased_at")}


def bury(keys: Iterable[Key], *, at: datetime) -> None:
    """Note that these keys are erased as of then. A second time moves the moment."""
    rows = [ErasedKey(digest=digest_of(key), erased_at=at) for key in sorted(set(keys)) if key[1]]
    ErasedKey.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["digest"], update_fields=["erased_at"]
    )
