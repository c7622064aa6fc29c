"""Patience with a database that restarts: close the dead connection, wait, try again."""

from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential_jitter,
)

Answer = TypeVar("Answer")
PATIENCE_SECONDS = 120


def after_outage(ask: Callable[[], Answer]) -> Answer:
    """The answer of a short question to the database, asked again for up to two minutes.

    Inside a transaction it is asked once: there is nothing left to ask after its connection is lost.
    """
    if connection.in_atomic_block:
        return ask()
    return Retrying(
        retry=retry_if_exception_type((OperationalError, InterfaceError)),
        stop=stop_after_delay(PATIENCE_SECONDS),
        wait=wait_exponential_jitter(multiplier=0.1, max=5),
        before_sleep=_reconnect,
        reraise=True,
    )(ask)


def _reconnect(_: RetryCallState) -> None:
    connection.close()
