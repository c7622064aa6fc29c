"""What a file of a list holds: the rows of its filter, in its order, on a button or in the background."""

import io
import zipfile
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.utils.timezone import now
from openpyxl import load_workbook

from conversations.models import Customer, Message
from funnel_site.exports import wanted as asked
from funnel_site.exports.models import ExportJob
from funnel_site.exports.services import ask, run
from funnel_site.exports.writing import parts_of
from funnel_site.lib.export_files import ROWS_OF_A_SHEET, write_workbook
from funnel_site.lib.listing import ExportList
from funnels.models import Funnel
from tests.funnel_site.exporting import (
    CSV,
    EXPORT,
    XLSX,
    State,
    enter,
    entered,
    made_in_full,
    read_csv,
    taken,
    wanted_in_full,
)
from tests.reviews.making import make_message, make_room

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


def test_a_file_holds_the_lists_rows_in_the_lists_order(funnels: list[Funnel]) -> None:
    client = enter("Analyst")
    for query in (
        "",
        "?stage__exact=transaction",
        "?stage__exact=opening&channel=whatsapp&o=-8.1",
        "?o=1&p=1",
        "?is_corrected__exact=1",
    ):
        listed = [
            row.room.external_id
            for row in client.get(f"/admin/funnels/funnel/{query}").context["cl"].queryset
        ]
        rows = read_csv(
            taken(client.post(f"{EXPORT}{query}", {"format": CSV, "profile": "machine"}))
        )
        assert [row["room_id"] for row in rows] == listed, query
    picked = [str(funnels[5].pk), str(funnels[2].pk)]
    form = client.post(
        "/admin/funnels/funnel/", {"action": "export_admin_action", "_selected_action": picked}
    )
    assert sorted(form.context["form"].initial["export_items"]) == sorted(picked)
    rows = read_csv(taken(client.post(EXPORT, {"format": CSV, "export_items": picked})))
    assert [row["room_id"] for row in rows] == ["'=room-2", "'=room-5"]
    everything = client.post(
        "/admin/funnels/funnel/?stage__exact=transaction",
        {"action": "export_admin_action", "_selected_action": picked, "select_across": "1"},
    )
    assert everything.context["number"] == 3


def test_the_two_profiles_and_what_a_cell_holds(funnels: list[Funnel]) -> None:
    chief = entered(User.objects.create_superuser("chief"))
    answers = {
        profile: chief.post(f"{EXPORT}?o=1", {"format": CSV, "profile": profile})
        for profile in ("spreadsheet", "machine")
    }
    guarded, plain = (read_csv(taken(answer)) for answer in answers.values())
    assert [row["room_id"] for row in plain] == [f"=room-{n}" for n in range(6, -1, -1)]
    assert [row["room_id"] for row in guarded] == [f"'=room-{n}" for n in range(6, -1, -1)]
    assert (plain[3]["channel"], guarded[3]["channel"]) == ("+instagram", "'+instagram")
    for rows in guarded, plain:
        assert rows[3]["phone_number"].startswith("*")
        assert rows[3]["transaction_value"] == "1250003.00"
        assert rows[0]["transaction_value"] == rows[0]["keyword"] == rows[0]["booking_date"] == ""
        assert rows[0]["leads_date"].endswith("+07:00")
    names = [answer["Content-Disposition"] for answer in answers.values()]
    assert "-machine.csv" in names[1]
    assert "machine" not in names[0]

    book = load_workbook(
        io.BytesIO(taken(chief.post(f"{EXPORT}?o=1", {"format": XLSX, "profile": "machine"})))
    )
    assert book.sheetnames == ["About", "Rows"]
    assert book.active.title == "Rows"
    head, *cells = list(book.active.iter_rows())
    row = {name.value: cell for name, cell in zip(head, cells[3], strict=True)}
    assert (row["room_id"].value, row["room_id"].data_type) == ("=room-3", "s")
    assert (row["phone_number"].data_type, row["transaction_value"].value) == ("s", 1250003)
    assert row["leads_date"].data_type == "s"
    about = {line[0].value: line[1].value for line in book["About"].iter_rows()}
    assert about["Filter"] == "o = 1"
    assert "Asia/Jakarta" in about["Times"]
    assert about["Column transaction_value"]


def same_twice(job: ExportJob) -> tuple[bytes, bytes]:
    """The file as the button streams it and as the background job puts it down."""
    page = asked.page_of(job.report)
    request = asked.request_of(job.user, job)
    rows = asked.rows_of(page, request, job.user)
    pressed = b"".join(parts_of(asked.wanted(job, page=page, request=request, rows=rows)))
    assert run(job_id=job.pk) == State.READY
    job.refresh_from_db()
    return pressed, default_storage.open(job.file).read()


def unzipped(content: bytes) -> dict[str, bytes]:
    """A workbook's parts; the times at which they were packed are not theirs."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    assert b"dcterms:modified" in parts.pop("docProps/core.xml")
    return parts


@pytest.mark.parametrize("profile", ["spreadsheet", "machine"])
@pytest.mark.parametrize("role", ["Analyst", "Privacy steward"])
def test_button_and_background_give_equal_bytes(
    funnels: list[Funnel], monkeypatch: pytest.MonkeyPatch, profile: str, role: str
) -> None:
    monkeypatch.setattr("funnel_site.lib.export_rows.PAGE", 3)
    report = {"Analyst": "funnels.funnel", "Privacy steward": "conversations.customer"}[role]
    enter(role)
    user = User.objects.get(username="walker")
    for kind in ("csv", "xlsx"):
        values: dict[str, Any] = {"query": [["o", "1"]], "format": kind, "profile": profile}
        job = (
            ask(user=user, report=report, language="en", **values)
            if role == "Analyst"
            else wanted_in_full(user, report, **values)
        )
        pressed, made = same_twice(job)
        if kind == "xlsx":
            assert unzipped(pressed) == unzipped(made)
        else:
            assert pressed == made
            assert len(read_csv(made)) == (7 if role == "Analyst" else 4)
        masked = b"+6281" not in made
        assert kind == "xlsx" or masked == (role == "Analyst")


def test_every_list_is_exported_both_ways_and_by_a_fixed_number_of_queries(
    funnels: list[Funnel], django_assert_max_num_queries: Any
) -> None:
    """The chief may all: no list may fail, and none may ask once a row."""
    make_message(funnels[0].room, body="@halo")
    chief = User.objects.create_superuser("chief")
    client = entered(chief)
    lists = [model for model, page in admin.site._registry.items() if isinstance(page, ExportList)]
    assert len(lists) > 35
    for model in lists:
        address = f"/admin/{model._meta.label_lower.replace('.', '/')}/export/"
        assert client.get(address).status_code == 200, address
        with django_assert_max_num_queries(16):
            rows = read_csv(taken(client.post(address, {"format": CSV})))
        assert all("None" not in row.values() for row in rows), address
        with django_assert_max_num_queries(16):
            load_workbook(io.BytesIO(taken(client.post(address, {"format": XLSX}))))


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ROWS_OF_A_SHEET + 1 == 2**20
    monkeypatch.setattr("funnel_site.lib.export_files.ROWS_OF_A_SHEET", 3)
    made = io.BytesIO()
    pages = iter([[[n] for n in range(5)], [[5], [6]]])
    write_workbook(made, ["n"], pages, about=[("a", "b")], made_at=now())
    book = load_workbook(made)
    assert book.sheetnames == ["About", "Rows", "Rows 2", "Rows 3"]
    values = [[cell.value for (cell,) in sheet.iter_rows()] for sheet in book.worksheets[1:]]
    assert values == [["n", 0, 1, 2], ["n", 3, 4, 5], ["n", 6]]


def test_letters_that_xml_has_not_and_texts_like_errors_survive(funnels: list[Funnel]) -> None:
    customer = funnels[0].customer
    assert customer is not None
    Customer.objects.filter(pk=customer.pk).update(name="#N/A")
    Message.objects.all().delete()
    make_message(make_room(customer), body="\x01=1")
    chief = User.objects.create_superuser("chief")
    values = {"format": "xlsx", "profile": "machine"}
    people = load_workbook(io.BytesIO(made_in_full(chief, "conversations.customer", **values)))
    assert ("#N/A", "s") in [(one.value, one.data_type) for one in people.active["B"]]
    said = load_workbook(io.BytesIO(made_in_full(chief, "conversations.message", **values)))
    assert "\ufffd=1" in [one.value for one in said.active["D"]]
