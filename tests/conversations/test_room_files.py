"""Files that customers send, on the page of their room."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from conversations.models import (
    Attachment,
    Room,
)
from tests.conversations.agents import page_of, staff
from tests.reviews.making import make_message


@pytest.fixture
def attachment(room: Room) -> Attachment:
    message = make_message(room, body="", media=[{"url": "https://x", "type": "text/html"}])
    return Attachment.objects.create(
        message=message, place=0, url="https://evil.example/x", content_type="text/html"
    )


def test_a_file_is_a_link_until_it_is_wished_for(
    agent: Client, room: Room, attachment: Attachment
) -> None:
    page = page_of(agent, room)
    assert "Attachment: text/html" in page
    assert "Fetch" in page

    answer = agent.post(f"/admin/conversations/attachment/{attachment.pk}/fetch/", follow=True)

    assert "does not lead to Twilio" in answer.content.decode()
    attachment.refresh_from_db()
    assert attachment.state == "failed"
    assert "Try again" in page_of(agent, room)
    file = agent.get(f"/admin/conversations/attachment/{attachment.pk}/file/")
    assert file.status_code == 403


def test_a_file_that_a_browser_might_run_is_a_download(
    agent: Client, room: Room, attachment: Attachment, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    attachment.file.save("x.html", ContentFile(b"<script>alert(1)</script>"))
    Attachment.objects.update(state="stored", size=25)

    file = agent.get(f"/admin/conversations/attachment/{attachment.pk}/file/")

    assert file["Content-Disposition"].startswith("attachment")
    assert file["Content-Type"] == "application/octet-stream"
    assert file["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in file["Content-Security-Policy"]
    assert "Download" in page_of(agent, room)


def test_files_are_for_those_who_may_read_messages(
    client: Client, room: Room, attachment: Attachment
) -> None:
    client.force_login(staff("view_room"))
    address = f"/admin/conversations/attachment/{attachment.pk}"

    assert client.get(f"{address}/file/").status_code == 403
    assert client.post(f"{address}/fetch/").status_code == 403
    attachment.refresh_from_db()
    assert attachment.state == "link"
