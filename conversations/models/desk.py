"""What agents work with besides the conversation: notes, answers, macros, labels, teams, views."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from conversations.models.people import Customer
from conversations.models.rooms import Room


class Note(models.Model):
    """What staff tell each other about a customer. Never sent.

    Who wrote it may change it for a while; what stood there before is kept as a revision.
    """

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
    version = models.PositiveIntegerField(
        default=0, db_default=0, help_text=_("How often it was changed")
    )
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(body=""), name="note_says_something"),
        ]
        indexes = [models.Index(fields=["customer", "made_at", "id"], name="note_timeline")]

    def __str__(self) -> str:
        return f"Note {self.pk}"


class NoteRevision(models.Model):
    """A text that a note had. The database lets nothing of it be changed but for an erasure.

    It hangs on the note, and not in the audit trail, for the trail outlives the erasure of a person.
    """

    note = models.ForeignKey(
        Note, on_delete=models.CASCADE, related_name="revisions", db_index=False
    )
    version = models.PositiveIntegerField()
    body = models.TextField(max_length=4_000)
    until = models.DateTimeField(help_text=_("When another text took its place"))

    class Meta:
        ordering = ["version"]
        constraints = [
            models.UniqueConstraint(fields=["note", "version"], name="note_revision_once"),
        ]

    def __str__(self) -> str:
        return f"Note {self.note_id}, version {self.version}"


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


class Label(models.Model):
    """A coloured word on a room."""

    class Colour(models.TextChoices):
        GREY = "grey", _("Grey")
        RED = "red", _("Red")
        AMBER = "amber", _("Amber")
        GREEN = "green", _("Green")
        BLUE = "blue", _("Blue")
        VIOLET = "violet", _("Violet")

    name = models.CharField(_("name"), max_length=40, unique=True)
    colour = models.CharField(
        _("colour"), max_length=8, choices=Colour, default=Colour.GREY, db_default="grey"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """Some of the staff who share rooms. Belonging to one shows nobody more than their role does."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="teams", verbose_name=_("members")
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Macro(models.Model):
    """A named set of steps that are done to a room at once: all of them, or none."""

    class Assign(models.TextChoices):
        ME = "me", _("To me")
        NOBODY = "nobody", _("To nobody")

    class State(models.TextChoices):
        OPEN = "open", _("Open it")
        PENDING = "pending", _("Set it pending")
        SNOOZED = "snoozed", _("Snooze it until the customer writes")
        RESOLVED = "resolved", _("Resolve it")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="macros",
        verbose_name=_("owner"),
        help_text=_("Empty: shared with everybody"),
    )
    name = models.CharField(_("name"), max_length=60)
    reply = models.TextField(
        _("reply"),
        max_length=1_600,
        blank=True,
        help_text=_(
            "Sent to the customer; {name}, {first_name}, {phone} and {agent} are filled in"
        ),
    )
    note = models.TextField(
        _("note"), max_length=1_000, blank=True, help_text=_("For colleagues only: never sent")
    )
    labels = models.ManyToManyField(
        Label, blank=True, related_name="+", verbose_name=_("labels to add")
    )
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("team"),
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"), choices=Room.Priority, null=True, blank=True
    )
    assign = models.CharField(_("assign"), max_length=8, choices=Assign, blank=True)
    state = models.CharField(_("then"), max_length=8, choices=State, blank=True)

    class Meta:
        ordering = ["name", "id"]
        permissions = [("share_macro", "Can change the macros that everybody has")]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="macro_once_per_owner"),
            models.UniqueConstraint(
                fields=["name"], condition=Q(owner=None), name="macro_once_for_all"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SavedFilter(models.Model):
    """A view of the queue under a name of its owner's."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=300, help_text=_("As in the queue's address"))
    is_shared = models.BooleanField(
        default=False, db_default=False, help_text=_("Everybody sees it beside their own")
    )

    class Meta:
        ordering = ["name"]
        permissions = [("share_savedfilter", "Can show their views of the queue to everybody")]
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
