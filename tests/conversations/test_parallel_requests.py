"""Equal requests at the same moment: one room, one customer, whoever is first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from conversations.models import Customer, Message, Room
from conversations.services.drain import drain_inbox
from tests.conftest import Api

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


def at_once(number: int, act: Callable[[int], Any]) -> list[Any]:
    barrier = Barrier(number)

    def run(place: int) -> Any:
        barrier.wait(20)
        try:
            return act(place)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def test_twenty_equal_room_posts_make_one_room(api_key: str) -> None:
    body = {
        "room_id": "f3fcadbe-23a6-4013-8b63-123456789abc",
        "start_time": "2025-04-20T10:00:00",
        "channel": "whatsapp",
        "phone_number": "08123456789",
    }
    answers = at_once(20, lambda _: Api(Client(), api_key).post("/api/rooms/", body))
    assert sorted({answer.status_code for answer in answers}) in ([200, 201], [201])
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert (Room.objects.count(), Customer.objects.count()) == (1, 1)


def test_fifty_first_messages_of_one_number_make_one_customer(api_key: str) -> None:
    def send(place: int) -> Any:
        body = {
            "message_id": f"m{place}",
            "phone_number": "08123456789" if place % 2 else "+62 812-3456-789",
            "message": f"halo {place}",
            "channel": "whatsapp",
        }
        answer = Api(Client(), api_key).post("/api/messages/", body)
        drain_inbox()
        return answer.status_code

    assert set(at_once(25, send)) == {202}
    at_once(25, lambda place: send(place + 25))
    drain_inbox()
    assert (Customer.objects.count(), Message.objects.count()) == (1, 50)
    assert Room.objects.count() == 1
