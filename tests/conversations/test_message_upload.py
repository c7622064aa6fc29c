"""The import button of messages: a preview, then the inbox; nothing unless every row can be used."""

from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from conversations.models import InboundEvent, Message

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "/admin/conversations/message/import/"
HEADER = "message_id,room_id,phone,text,channel,sender,sent_at\n"
GOOD = (
    HEADER
    + "m1,r1,08123456789,Halo kak,whatsapp,customer,2026-01-02T10:00:00\n"
    + "m2,r1,08123456789,'=1+1,whatsapp,customer,2026-01-02T10:01:00\n"
)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def upload(client: Client, text: str) -> Any:
    file = SimpleUploadedFile("messages.csv", text.encode(), content_type="text/csv")
    return client.post(ADDRESS, {"import_file": file, "format": format_number("csv")})


def format_number(name: str) -> str:
    return str([one().get_title() for one in settings.IMPORT_EXPORT_FORMATS].index(name))


def confirm(client: Client, preview: Any) -> Any:
    form = preview.context["confirm_form"]
    return client.post("/admin/conversations/message/process_import/", form.initial, follow=True)


def test_a_preview_keeps_nothing_and_the_confirmation_keeps_all(staff: Client) -> None:
    preview = upload(staff, GOOD)
    assert "Halo kak" in preview.content.decode()
    assert not InboundEvent.objects.exists()

    done = confirm(staff, preview)

    assert "2 messages went into the inbox" in done.content.decode()
    assert sorted(Message.objects.values_list("body", flat=True)) == ["=1+1", "Halo kak"]
    assert Message.objects.filter(room__external_id="r1", room__source="crm").count() == 2


def test_rows_that_are_there_are_skipped(staff: Client) -> None:
    confirm(staff, upload(staff, GOOD))
    more = GOOD + "m3,r1,08123456789,Lagi,whatsapp,customer,2026-01-02T10:02:00\n"
    done = confirm(staff, upload(staff, more))
    assert "1 messages went into the inbox; 2 were there already" in done.content.decode()
    assert Message.objects.count() == 3


def test_a_bad_row_is_named_with_its_column_and_nothing_can_be_confirmed(staff: Client) -> None:
    preview = upload(staff, GOOD + "m4,r1,12,Halo,whatsapp,customer,2026-01-02T10:00:00\n")
    shown = preview.content.decode()
    assert preview.context["result"].has_validation_errors()
    [row] = preview.context["result"].invalid_rows
    assert row.number == 3
    assert "phone_number" in row.error_dict
    assert "confirm_form" not in preview.context
    assert "phone_number" in shown
    assert not InboundEvent.objects.exists()


def test_a_file_without_the_columns_is_refused(staff: Client) -> None:
    preview = upload(staff, "name,city\nBudi,Jakarta\n")
    assert "no column" in preview.content.decode()
    assert not InboundEvent.objects.exists()


def test_who_may_only_look_has_no_import_button(client: Client) -> None:
    user = User.objects.create_user("viewer", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_message"))
    client.force_login(user)
    assert client.get(ADDRESS).status_code == 403
    assert "/import/" not in client.get("/admin/conversations/message/").content.decode()
