"""Files that agents send: told by their bytes, fetched by Twilio at an address of ours, sent once."""

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from conversations.models import Attachment, Message, Room, Sending
from conversations.selectors import may_retry
from conversations.services.sending import SendingRefusedError, retry_sending, send_message
from conversations.services.sent_files import LENT_FOR, lent_address, outgoing_file
from conversations.services.statuses import apply_report
from conversations.twilio_shapes import StatusReport
from tests.reviews.conftest import BASE
from tests.reviews.making import sent
from tests.twilio_posts import CUSTOMER
from tests.twilio_server import LocalTwilio

pytestmark = pytest.mark.django_db(transaction=True)
PICTURE = b"\xff\xd8\xff\xe0" + b"a picture" * 100
PAPER = b"%PDF-1.7\n" + b"a price list" * 100
SOUND = b"OggS" + b"\0" * 24 + b"OpusHead" + b"a voice" * 100


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def site(live_server: Any, twilio: LocalTwilio) -> LocalTwilio:
    """The local Twilio, which reaches the public address at the test's own server."""
    twilio.route = lambda address: live_server.url + address.removeprefix(BASE)
    return twilio


@pytest.fixture
def desk(room: Room) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("sari", password="x"))
    return client


def post_file(desk: Client, room: Room, content: bytes, **fields: str) -> Any:
    address = reverse("admin:customer360_customer_answer", args=[room.customer_id, room.pk])
    file = SimpleUploadedFile(fields.pop("name", "Daftar harga.pdf"), content)
    return desk.post(address, {"token": "t1", "body": "", "file": file, **fields})


def test_a_picture_with_words_is_one_message_and_twilio_gets_its_bytes(
    site: LocalTwilio, desk: Client, room: Room
) -> None:
    answer = post_file(desk, room, PICTURE, body="This one?", name="../Biru tua.JPG")
    again = post_file(desk, room, PICTURE, body="This one?", name="../Biru tua.JPG")
    site.settle()

    assert answer.status_code == again.status_code == 302
    [made] = site.messages.values()
    assert made["fetched"] == [(200, "image/jpeg", PICTURE)]
    assert (made["form"]["Body"], made["form"]["To"]) == ("This one?", CUSTOMER)
    address = made["form"]["MediaUrl"]
    assert re.fullmatch(rf"{BASE}/sent-files/[\w:.-]{{40,}}/Biru-tua\.jpg", address)
    message = Message.objects.get(sender="agent")
    assert message.external_id == made["sid"]
    attachment = Attachment.objects.get()
    assert (attachment.name, attachment.size, attachment.is_inline) == (
        "Biru tua.JPG", len(PICTURE), True,
    )  # fmt: skip
    shown = desk.get(reverse("admin:customer360_customer", args=[room.customer_id])).content
    file = reverse("admin:conversations_attachment_file", args=[attachment.pk])
    assert file.encode() in shown
    assert b"Picture that we sent" in shown
    assert desk.get(file).headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize(("content", "kind"), [(PAPER, "application/pdf"), (SOUND, "audio/ogg")])
def test_words_beside_another_file_go_before_it(
    site: LocalTwilio, desk: Client, room: Room, content: bytes, kind: str
) -> None:
    for _ in range(2):
        assert post_file(desk, room, content, body="Our prices").status_code == 302
    site.settle()

    assert sent(site) == ["Our prices", ""]
    assert [made["fetched"] for made in site.messages.values()] == [[], [(200, kind, content)]]
    assert list(Sending.objects.values_list("state", flat=True)) == ["done", "done"]


def test_a_file_needs_no_words_and_lies_once(site: LocalTwilio, room: Room) -> None:
    for _ in range(2):
        send_message(room=room, text="", file=outgoing_file(name="a.pdf", content=PAPER))

    assert sent(site) == ["", ""]
    assert len(set(Attachment.objects.values_list("file", flat=True))) == 1


def test_a_file_that_twilio_could_not_load_is_sent_again_at_a_new_address(
    site: LocalTwilio, room: Room
) -> None:
    import_module("conversations.migrations.0003_error_meanings").add(apps, None)
    import_module("conversations.migrations.0019_files_may_be_sent_again").allow(apps, None)
    there = site.route
    site.route = lambda address: "http://127.0.0.1:9/"
    message = send_message(room=room, text="", file=outgoing_file(name="a.pdf", content=PAPER))
    site.settle()
    [made] = site.messages.values()
    apply_report(
        StatusReport(
            account_sid="", sid=made["sid"], word="undelivered",
            error_code=str(made["error_code"]), error_text="", message_id=message.pk,
        )
    )  # fmt: skip
    message.refresh_from_db()
    assert message.error_code == "63019"
    assert may_retry(message)

    site.route = there
    retry_sending(message=message)
    site.settle()

    last = list(site.messages.values())[-1]
    assert last["fetched"] == [(200, "application/pdf", PAPER)]
    assert Attachment.objects.count() == 1


REFUSED = {
    b"MZ\x90 a program": "not this file",
    b"\xff\xd8\xff" + b"x" * (5 * 2**20): "larger than 5 MB",
    b"%PDF-" + b"x" * (16 * 2**20): "larger than 16 MB",
    b"": "empty",
}


def test_what_whatsapp_does_not_take_is_an_error_at_the_field_and_the_words_stay(
    site: LocalTwilio, desk: Client, room: Room
) -> None:
    for content, words in REFUSED.items():
        page = post_file(desk, room, content, body="kept words").content.decode()

        assert words in page.split('type="file"')[1].split("</ul>")[0]
        assert "kept words</textarea>" in page
    assert not Sending.objects.exists()
    assert not Attachment.objects.exists()


def test_a_refused_answer_leaves_no_file_and_says_that_it_is_lost(
    site: LocalTwilio, desk: Client, room: Room, tmp_path: Path
) -> None:
    lost = post_file(desk, room, PAPER, body="Halo {name}").content.decode()
    assert "Choose the file again" in lost
    assert "Write something first" in post_file(desk, room, b"", file="").content.decode()
    Room.objects.update(last_inbound_at=now() - timedelta(hours=25))
    room.refresh_from_db()

    with pytest.raises(SendingRefusedError):
        send_message(room=room, text="", file=outgoing_file(name="a.pdf", content=PAPER))

    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_link_lends_one_file_to_its_holder_while_it_lasts(
    site: LocalTwilio, room: Room, client: Client
) -> None:
    send_message(room=room, text="", file=outgoing_file(name="a.pdf", content=PAPER))
    site.settle()
    attachment = Attachment.objects.get()
    address = lent_address(attachment).removeprefix(BASE)
    token = address.split("/")[2]

    answer = client.get(address)
    assert b"".join(answer.streaming_content) == PAPER  # type: ignore[attr-defined]
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'inline; filename="a.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for other in (token[:-1], token[1:], "1", f"{attachment.pk}:x:y", token + "x"):
        assert client.get(f"/sent-files/{other}/a.pdf").status_code == 403
    assert client.get("/sent-files/").status_code == 404
    assert client.post(address).status_code == 405
    with time_machine.travel(now() + timedelta(seconds=LENT_FOR + 1)):
        assert client.get(address).status_code == 403
    Attachment.objects.update(state="failed", file="")
    assert client.get(address).status_code == 403


def test_a_site_that_twilio_cannot_reach_offers_no_files(
    desk: Client, room: Room, settings: Any
) -> None:
    page = reverse("admin:customer360_customer", args=[room.customer_id])
    shown = desk.get(page).content.decode()
    assert 'type="file"' in shown
    assert "An operator sets PUBLIC_BASE_URL" not in shown

    for address in ("http://localhost:8000", "https://localhost:8000", "https://10.0.0.7"):
        settings.PUBLIC_BASE_URL = address
        shown = desk.get(page).content.decode()
        assert 'type="file"' not in shown
        assert "An operator sets PUBLIC_BASE_URL" in shown
