"""Waking a worker after a delivery is kept. Losing a wake-up costs seconds, never a message."""

import threading
import time

import structlog
from django.conf import settings
from django.db import transaction

from conversations.services.drain import drain_in_process

logger = structlog.get_logger(__name__)

QUIET = 0.05
DRAIN_TASK = "conversations.tasks.drain_inbox"
SEND_TASK = "conversations.tasks.send_room"


def wake_after_commit() -> None:
    """Have the inbox drained once this delivery is committed.

    The sender's answer depends on neither: a failure is logged and the sweep finds the row.
    """
    transaction.on_commit(_wake, robust=True)


def _wake() -> None:
    if settings.CELERY_BROKER_URL:
        doorbell.ring()
    else:
        drain_in_process()


def wake_sender_after_commit(room_id: int) -> None:
    """Have what is owed in a room sent once it is committed. A sweep finds what this loses."""
    transaction.on_commit(lambda: _wake_sender(room_id), robust=True)


def _wake_sender(room_id: int) -> None:
    if not settings.CELERY_BROKER_URL:
        from conversations.services.posting import send_room

        send_room(room_id)
        return
    from celery import current_app

    try:
        current_app.send_task(SEND_TASK, args=[room_id], retry=False, ignore_result=True)
    except Exception:
        logger.warning("broker not reached; the sweep will find what is owed", exc_info=True)


class Doorbell:
    """Rings for a worker from a thread of its own, at most once every 50 ms.

    A web request must not wait for the broker, and a thousand deliveries a second need a few
    rings, not a thousand. The last delivery is always followed by a ring.
    """

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        """Ask for a ring and return at once."""
        self._wanted.set()
        if self._thread is None or not self._thread.is_alive():
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            self._send()
            time.sleep(QUIET)

    def _send(self) -> None:
        from celery import current_app

        try:
            current_app.send_task(DRAIN_TASK, retry=False, ignore_result=True)
        except Exception:
            logger.warning("broker not reached; the sweep will find what waits", exc_info=True)


doorbell = Doorbell()
