"""What agents work with besides the conversation itself: notes, canned answers, filters, presence."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from conversations.models.people import Customer
from conversations.models.rooms import Room


class Note(models.Model):
    """What staff tell each other about a customer. Never sent; never changed, as a record."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="notes", db_index=False
    )
    room = models.ForeignKey(
        Room, null=True, blank=True, on_delete=models.SET_NULL, related_name="notes"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    body = models.TextField(max_length=4_000)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(body=""), name="note_says_something"),
        ]
        indexes = [models.Index(fields=["customer", "made_at", "id"], name="note_timeline")]

    def __str__(self) -> str:
        return f"Note {self.pk}"


class CannedAnswer(models.Model):
    """A text that agents send often. Without an owner everybody has it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="canned_answers",
        help_text=_("Empty: shared with everybody"),
    )
    shortcut = models.SlugField(
        max_length=32, help_text=_("Typed after a slash in the answer box: /thanks")
    )
    body = models.TextField(
        max_length=1_600,
        help_text=_("{name}, {first_name}, {phone} and {agent} are filled in"),
    )

    class Meta:
        ordering = ["shortcut", "id"]
        permissions = [("share_cannedanswer", "Can change the answers that everybody has")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "shortcut"], name="canned_answer_once_per_owner"
            ),
            models.UniqueConstraint(
                fields=["shortcut"], condition=Q(owner=None), name="canned_answer_once_for_all"
            ),
        ]

    def __str__(self) -> str:
        return f"/{self.shortcut}"


class SavedFilter(models.Model):
    """A view of the queue under a name of its owner's."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=300, help_text=_("As in the queue's address"))

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="saved_filter_once_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Presence(models.Model):
    """Who has a room open on their screen. Old rows mean nothing and are written over."""

    room = models.ForeignKey(
        Room, on_delete=models.CASCADE, related_name="presences", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presences"
    )
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "user"], name="presence_once_per_room_and_user")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.room_id}"
