"""Who answers in a room: the bot, or people for a while."""

from datetime import timedelta

from django.conf import settings
from django.utils.timezone import now

from conversations.models import Room


def pause_bot(*, room: Room, hours: float | None = None) -> None:
    """Keep the bot silent in this room for some hours (the setting BOT_PAUSE_HOURS by default)."""
    room.bot_paused_until = now() + timedelta(hours=hours or settings.BOT_PAUSE_HOURS)
    fields = ["bot_paused_until"]
    if room.status == Room.Status.PENDING:
        room.status, room.changed_at = Room.Status.OPEN, now()
        fields += ["status", "changed_at"]
    room.save(update_fields=fields)


def resume_bot(*, room: Room) -> None:
    """Let the bot answer again at once, where its dialogue stood; the room is pending meanwhile.

    Where the customer waits for an answer already, it stays open: the bot answers only what comes.
    """
    room.bot_paused_until = None
    fields = ["bot_paused_until"]
    if room.status == Room.Status.OPEN and room.waiting_since is None:
        room.status, room.changed_at = Room.Status.PENDING, now()
        fields += ["status", "changed_at"]
    room.save(update_fields=fields)
