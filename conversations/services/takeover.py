"""Who answers in a room: the bot, or people for a while."""

from datetime import timedelta

from django.conf import settings
from django.utils.timezone import now

from conversations.models import Room


def pause_bot(*, room: Room, hours: float | None = None) -> None:
    """Keep the bot silent in this room for some hours (the setting BOT_PAUSE_HOURS by default)."""
    room.bot_paused_until = now() + timedelta(hours=hours or settings.BOT_PAUSE_HOURS)
    room.save(update_fields=["bot_paused_until"])


def resume_bot(*, room: Room) -> None:
    """Let the bot answer again at once, where its dialogue stood."""
    room.bot_paused_until = None
    room.save(update_fields=["bot_paused_until"])
