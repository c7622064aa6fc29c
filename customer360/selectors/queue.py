"""The agents' queue: open rooms, those that wait for an answer first, the longest waiting on top."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.signing import BadSignature, Signer
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Left
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from conversations.models import Channel, Message, Presence, Room
from conversations.selectors import rooms_open_to
from conversations.services.desk import PRESENT_FOR
from conversations.windows import Window

PAGE = 50
SALT = "queue"
SNIPPET = 120
VIEWS = (("mine", _("Mine")), ("unassigned", _("Unassigned")), ("all", _("All")))
STATES = (
    ("open", _("Waiting first")),
    ("waiting", _("Waiting only")),
    ("pending", _("Pending")),
    ("snoozed", _("Snoozed")),
    ("resolved", _("Resolved")),
)
WAITS = (
    ("", _("Any time")),
    ("15", _("15 minutes")),
    ("60", _("1 hour")),
    ("240", _("4 hours")),
    ("1440", _("1 day")),
)
PRIORITIES = (
    ("", _("Any")),
    ("1", _("Low or more")),
    ("2", _("Medium or more")),
    ("3", _("High or more")),
    ("4", _("Urgent")),
)
COUNTED_TO = 1_000
WAITING_STATES = ("open", "waiting")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueQuery:
    """What of the queue is asked for. Unknown values are read as the default."""

    view: str = "all"
    state: str = "open"
    channel: str = ""
    over: str = ""
    priority: str = ""
    team: str = ""
    label: str = ""

    @classmethod
    def read(cls, given: Any) -> "QueueQuery":
        """From an address' parameters."""

        def one_of(name: str, known: Sequence[tuple[str, Any]], default: str) -> str:
            value = str(given.get(name, default))
            return value if value in {key for key, _ in known} else default

        return cls(
            view=one_of("view", VIEWS, "all"),
            state=one_of("state", STATES, "open"),
            channel=one_of("channel", Channel.choices, ""),
            over=one_of("over", WAITS, ""),
            priority=one_of("priority", PRIORITIES, ""),
            team=_key(given.get("team", "")),
            label=_key(given.get("label", "")),
        )

    def text(self, **changed: str) -> str:
        """As an address' parameters, some of them changed."""
        return urlencode(
            {name: value for name, value in replace(self, **changed).pairs().items() if value}
        )

    def pairs(self) -> dict[str, str]:
        """As hidden fields of a form, or as a session keeps them."""
        return asdict(self)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the view is other than at first."""
        return replace(self, view="all") != QueueQuery()


def _key(text: Any) -> str:
    """A primary key in an address; empty for what is none."""
    text = str(text)
    return text if text.isascii() and text.isdigit() and len(text) <= 18 else ""


def _rooms(query: QueueQuery, user: Any) -> QuerySet[Room]:
    rooms = Room.objects.filter(rooms_open_to(user))
    if query.view == "mine":
        rooms = rooms.filter(assigned_to=user)
    elif query.view == "unassigned":
        rooms = rooms.filter(assigned_to=None)
    if query.channel:
        rooms = rooms.filter(channel=query.channel)
    if query.priority:
        rooms = rooms.filter(priority__gte=int(query.priority))
    if query.team:
        rooms = rooms.filter(team=int(query.team))
    if query.label:
        labelled = Room.labels.through.objects.filter(room=OuterRef("pk"), label=int(query.label))
        rooms = rooms.filter(Exists(labelled))
    return rooms


def waiting_rooms(query: QueueQuery, user: Any) -> QuerySet[Room]:
    """The open rooms that wait for an answer, the longest waiting first."""
    rooms = _rooms(query, user).filter(status=Room.Status.OPEN, waiting_since__isnull=False)
    if query.over:
        rooms = rooms.filter(waiting_since__lt=now() - timedelta(minutes=int(query.over)))
    return rooms.order_by("waiting_since", "pk")


def _others(query: QueueQuery, user: Any) -> QuerySet[Room] | None:
    """The rooms below those that wait, or of another state: the latest first."""
    if query.state == "waiting" or (query.over and query.state == "open"):
        return None
    rooms = _rooms(query, user).filter(last_message_at__isnull=False, status=query.state)
    if query.state == Room.Status.OPEN:
        rooms = rooms.filter(waiting_since__isnull=True)
    return rooms.order_by("-last_message_at", "-pk")


def queue_page(query: QueueQuery, user: Any, *, cursor: str = "") -> tuple[list[Room], str]:
    """One page of rooms and the cursor of the next, empty on the last.

    Each room has `snippet` and `last_sender` of its last message and `present`, the names of those
    who have it open.
    """
    part, at, key = _read(cursor)
    rows: list[Room] = []
    if part == "waiting" and query.state in WAITING_STATES:
        waiting = waiting_rooms(query, user)
        if at is not None:
            after = Q(waiting_since__gt=at) | Q(waiting_since=at, pk__gt=key)
            waiting = waiting.filter(after, waiting_since__gte=at)
        rows = _shown(waiting, PAGE + 1)
        at = None
    others = _others(query, user)
    if len(rows) <= PAGE and others is not None:
        if at is not None:
            before = Q(last_message_at__lt=at) | Q(last_message_at=at, pk__lt=key)
            others = others.filter(before, last_message_at__lte=at)
        rows += _shown(others, PAGE + 1 - len(rows))
    page = _with_windows(_with_presence(rows[:PAGE], user))
    return page, _cursor(page[-1], query) if len(rows) > PAGE else ""


def _shown(rooms: QuerySet[Room], length: int) -> list[Room]:
    last = Message.objects.filter(room=OuterRef("pk")).order_by("-sent_at", "-id")
    shown = rooms.annotate(
        snippet=Subquery(last.annotate(start=Left("body", SNIPPET)).values("start")[:1]),
        last_sender=Subquery(last.values("sender")[:1]),
    )
    shown = shown.select_related("customer", "assigned_to", "team").prefetch_related("labels")
    return list(shown[:length])


def _with_presence(rooms: list[Room], user: Any) -> list[Room]:
    here = Presence.objects.filter(room__in=rooms, seen_at__gt=now() - PRESENT_FOR)
    names: dict[int, list[str]] = {}
    for one in here.exclude(user=user).select_related("user"):
        names.setdefault(one.room_id, []).append(
            one.user.get_full_name() or one.user.get_username()
        )
    shown: Any
    for shown in rooms:
        shown.present = ", ".join(sorted(names.get(shown.pk, [])))
    return rooms


def _with_windows(rooms: list[Room]) -> list[Room]:
    """The rooms, each with `window`: WhatsApp's 24 hours, as `service_window` has it. One query."""
    of_customers = Room.objects.filter(
        customer__in={room.customer_id for room in rooms}, last_inbound_at__isnull=False
    )
    latest = {
        (customer, address): at
        for customer, address, at in of_customers.values_list("customer", "our_address")
        .annotate(at=Max("last_inbound_at"))
        .order_by()
    }
    moment = now()
    shown: Any
    for shown in rooms:
        last = latest.get((shown.customer_id, shown.our_address), shown.last_inbound_at)
        shown.window = Window(last_inbound_at=last, now=moment)
    return rooms


def waiting_counts(user: Any) -> dict[str, Any]:
    """How many rooms wait: mine, nobody's, all, each up to 1,000; and since when the first does."""
    counts: dict[str, Any] = {}
    for view, _label in VIEWS:
        keys = waiting_rooms(QueueQuery(view=view), user).order_by().values("pk")[:COUNTED_TO]
        counts[view] = keys.count()
    first = waiting_rooms(QueueQuery(), user).values_list("waiting_since", flat=True)[:1]
    counts["since"] = next(iter(first), None)
    return counts


def neighbours(room: Room | None, query: QueueQuery, user: Any) -> tuple[Room | None, Room | None]:
    """The rooms that wait before and after this one; of one that does not wait, none and the first."""
    waiting = waiting_rooms(query, user)
    if room is None or room.waiting_since is None or room.status != Room.Status.OPEN:
        return None, waiting.exclude(pk=room.pk if room else 0).first()
    at = room.waiting_since
    after = waiting.filter(Q(waiting_since__gt=at) | Q(waiting_since=at, pk__gt=room.pk))
    before = waiting.filter(Q(waiting_since__lt=at) | Q(waiting_since=at, pk__lt=room.pk))
    return before.reverse().first(), after.first()


def _cursor(room: Room, query: QueueQuery) -> str:
    waits = room.waiting_since is not None and query.state in WAITING_STATES
    at = room.waiting_since if waits else room.last_message_at
    assert at is not None
    part = "waiting" if waits else "others"
    return Signer(salt=SALT).sign_object([part, at.isoformat(), room.pk])


def _read(cursor: str) -> tuple[str, datetime | None, int]:
    """Where a page begins; a wrong cursor is the first page."""
    try:
        part, at, key = Signer(salt=SALT).unsign_object(cursor)
        return str(part), datetime.fromisoformat(at), int(key)
    except (BadSignature, ValueError, TypeError, UnicodeError):
        return "waiting", None, 0
