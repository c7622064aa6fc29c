"""The lists of staff: the same number of queries for one row and for many; phones found as typed."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from conversations.models import Room
from conversations.services.drain import drain_inbox
from tests.conftest import Api

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("keywords")]
LISTS = [
    "conversations/customer",
    "conversations/room",
    "conversations/message",
    "conversations/inboundevent",
    "conversations/identitychange",
    "funnels/funnel",
    "funnels/keyword",
    "funnels/keywordsync",
    "access/apikey",
]


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def converse(api: Api, *, customers: range) -> None:
    start = now() - timedelta(days=2)
    texts = ("Halo, mau info trial", "mau booking besok", "sudah transfer 150rb")
    bodies = [
        {
            "message_id": f"m{who}-{place}",
            "room_id": f"room-{who}",
            "phone_number": f"0812345{who:05}",
            "message": text,
            "channel": "whatsapp",
            "sent_at": (start + timedelta(minutes=place)).isoformat(),
        }
        for who in customers
        for place, text in enumerate(texts)
    ]
    assert api.post("/api/messages/", bodies).status_code in {200, 202, 207}
    drain_inbox()


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as taken:
        assert client.get(address).status_code == 200
    return len(taken)


@pytest.mark.parametrize("name", LISTS)
def test_more_rows_cost_no_more_queries(staff: Client, api: Api, name: str) -> None:
    converse(api, customers=range(2))
    address = f"/admin/{name}/"
    queries(staff, address)
    few = queries(staff, address)
    converse(api, customers=range(2, 40))
    assert queries(staff, address) <= few


def test_a_longer_transcript_costs_no_more_queries(staff: Client, api: Api) -> None:
    converse(api, customers=range(1))
    room = Room.objects.get()
    address = f"/admin/conversations/room/{room.pk}/change/"
    queries(staff, address)
    few = queries(staff, address)
    bodies = [
        {"message_id": f"x{n}", "room_id": room.external_id, "phone_number": "081234500000",
         "message": f"sudah transfer {n}00rb", "channel": "whatsapp"}
        for n in range(1, 60)
    ]  # fmt: skip
    api.post("/api/messages/", bodies)
    drain_inbox()
    assert queries(staff, address) <= few


@pytest.mark.parametrize(
    "typed", ["081234500007", "+62 812-3450-0007", "62812 3450 0007", "450-0007"]
)
@pytest.mark.parametrize("name", ["conversations/customer", "conversations/room", "funnels/funnel"])
def test_a_phone_number_is_found_in_any_format(
    staff: Client, api: Api, name: str, typed: str
) -> None:
    converse(api, customers=range(12))
    found = staff.get(f"/admin/{name}/", {"q": typed}).context["cl"].queryset
    assert {str(getattr(row, "customer", row).phone_number) for row in found} == {"+6281234500007"}


def test_a_room_is_found_by_an_id_of_digits(staff: Client, api: Api) -> None:
    body: dict[str, Any] = {
        "room_id": "77123456",
        "phone_number": "08999999999",
        "channel": "whatsapp",
    }
    assert api.post("/api/rooms/", body).status_code == 201
    found = staff.get("/admin/conversations/room/", {"q": "77123456"}).context["cl"].queryset
    assert [room.external_id for room in found] == ["77123456"]
