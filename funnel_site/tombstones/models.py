"""The keys by which erased customers were known, so that a later delivery does not revive them."""

from django.db import models


class ErasedKey(models.Model):
    """A phone number, user id, address or customer id that was erased, as a keyed digest of it."""

    digest = models.CharField(max_length=64, unique=True)
    erased_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:12]
