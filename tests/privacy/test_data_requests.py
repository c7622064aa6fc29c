"""Export and erasure: everything is in the one, nothing is left by the other, and no total moves."""

import gzip
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, Sum
from django.test import Client
from django.utils.timezone import now

from carddata.models import CardEvent, CardStatus, PartnerFile
from carddata.services.loading import load_rows, prepare
from conversations.models import Customer, InboundEvent, Message, Room
from conversations.services.archiving import archive_raw, replay_raw
from customer360.models import CustomerRecord, Purchase
from customer360.services.loading import load_rows as load_cdp_rows
from funnel_site.imports.models import ImportJob
from funnel_site.imports.services import confirm, hand_in, run
from funnels.models import Funnel
from funnels.services.reclassifying import reclassify, room_ids_since
from privacy.models import DataRequest
from privacy.services import erase_customer, export_customer
from privacy.tables import NOT_PERSONAL, PERSONAL
from reviews.models import Review
from tests.privacy.conftest import (
    CANARIES,
    CDP,
    CUSTOMER_ROWS,
    MAIL,
    OTHER,
    PHONE,
    body,
    card_row,
    deliver_bodies,
)

pytestmark = pytest.mark.django_db

OURS = {
    "conversations",
    "funnels",
    "reviews",
    "carddata",
    "customer360",
    "privacy",
    "exports",
    "imports",
    "operations",
    "access",
    "tombstones",
}


def everything() -> str:
    """Every column of every row of every table, as text."""
    parts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table == "carddata_staged":
                # Temporary, of this connection alone, and empty after each commit.
                continue
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                parts += [
                    bytes(value).decode("utf-8", "replace")
                    if isinstance(value, bytes | memoryview)
                    else str(value)
                    for value in row
                ]
    return "\n".join(parts)


def totals() -> dict[str, Any]:
    return {
        "funnels": list(
            Funnel.objects.order_by("pk").values_list(
                "stage", "leads_date", "booking_date", "transaction_date", "transaction_value"
            )
        ),
        "rows": {label: apps.get_model(label)._default_manager.count() for label in PERSONAL},
        "sales": Purchase.objects.aggregate(n=Count("pk"), sum=Sum("total_amount")),
        "stars": Review.objects.aggregate(n=Count("pk"), sum=Sum("rating")),
        "cards": list(CardStatus.objects.order_by("card_id").values_list("card_id", "status")),
    }


def test_every_table_of_the_registry_is_accounted_for() -> None:
    models = [
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in OURS
    ]

    known = {label.lower() for label in [*PERSONAL, *NOT_PERSONAL]}
    assert {label.lower() for label in models} == known
    assert not PERSONAL.keys() & NOT_PERSONAL.keys()


def test_the_export_holds_every_row_that_names_the_customer(ayu: Customer) -> None:
    request, content = export_customer(customer=ayu, reason="ticket 1")

    tables = content["tables"]
    assert set(tables) == set(PERSONAL)
    assert len(tables["conversations.Message"]) == 3
    assert {row["card_id"] for row in tables["carddata.CardEvent"]} == {"C1"}
    assert len(tables["conversations.InboundEvent"]) == 4, "three messages and a dead letter"
    for label in (
        "funnels.Funnel",
        "funnels.Evidence",
        "reviews.Review",
        "customer360.Purchase",
        "carddata.RejectedRow",
        "conversations.Sending",
        "reviews.BotAnswer",
    ):
        assert tables[label], label
    assert OTHER not in json.dumps(content)
    assert request.rows["conversations.Message"] == 3


def test_after_an_erasure_no_column_names_them_and_no_total_has_changed(ayu: Customer) -> None:
    before = totals()
    assert all(canary in everything() for canary in CANARIES)

    request, is_new = erase_customer(customer=ayu, reason="ticket 2")

    left = everything()
    assert MAIL not in left
    mine = [line for line in left.splitlines() if "81234567890" in line]
    assert mine == []
    assert is_new
    after = totals()
    assert after["funnels"] == before["funnels"]
    assert after["sales"] == before["sales"]
    assert after["stars"] == before["stars"]
    assert after["cards"] == before["cards"]
    changed = {k for k in PERSONAL if after["rows"][k] != before["rows"][k]}
    assert changed <= {"privacy.DataRequest"}
    assert request.rows["conversations.Message"] == 3


def test_an_erasure_twice_is_one(ayu: Customer) -> None:
    first, _ = erase_customer(customer=ayu)
    second, is_new = erase_customer(customer=ayu)

    assert (second, is_new) == (first, False)
    assert DataRequest.objects.count() == 1


def test_an_old_delivery_under_another_id_is_filed_without_the_person(ayu: Customer) -> None:
    erase_customer(customer=ayu)

    deliver_bodies(
        {**body(PHONE, 1, "Halo, Ayu Canary lagi", name="Ayu Canary"), "message_id": "late"}
    )

    late = Message.objects.get(external_id="late")
    assert (late.customer, late.body, late.flags) == (ayu, "", "erased")
    ayu.refresh_from_db()
    assert (ayu.name, ayu.phone_number) == ("", "")
    assert not Customer.objects.filter(phone_number=PHONE).exists()
    assert not Room.objects.filter(owner_key__contains=PHONE).exists()


def test_the_same_delivery_again_is_a_duplicate_and_stays_empty(ayu: Customer) -> None:
    erase_customer(customer=ayu)
    events = InboundEvent.objects.count()

    deliver_bodies(body(PHONE, 1, "Halo, saya Ayu Canary", name="Ayu Canary"))

    assert InboundEvent.objects.count() == events
    assert "81234567890" not in everything()


def test_a_message_without_a_time_does_not_bring_them_back(ayu: Customer) -> None:
    erase_customer(customer=ayu)
    timeless = {**body(PHONE, 1, "again"), "message_id": "timeless"}
    del timeless["sent_at"]

    deliver_bodies(timeless)

    assert Message.objects.get(external_id="timeless").customer == ayu


def test_who_writes_after_the_erasure_is_a_new_customer(ayu: Customer) -> None:
    erase_customer(customer=ayu)
    later = (now() + timedelta(minutes=1)).isoformat()

    deliver_bodies(
        {**body(PHONE, 1, "halo"), "message_id": "new", "room_id": "r2", "sent_at": later},
        received_at=now(),
    )

    anew = Customer.objects.get(phone_number=PHONE)
    assert anew != ayu
    assert Message.objects.get(external_id="new").body == "halo"


def test_a_source_file_and_a_partner_file_bring_nobody_back(ayu: Customer) -> None:
    plain = CardEvent.objects.get(card_id="C1").content
    erase_customer(customer=ayu)
    event, status = CardEvent.objects.get(card_id="C1"), CardStatus.objects.get(card_id="C1")
    assert event.content == status.content != plain, "a digest of a number can be tried for"
    file = PartnerFile.objects.get()
    again = [*CUSTOMER_ROWS, {**CUSTOMER_ROWS[0], "customer_id": "78"}]

    load_cdp_rows(table="customer_info", rows=again, name="c2.csv", defaults=CDP)
    fresh = card_row("C1", PHONE)._replace(occurred_at=datetime(2025, 5, 1, tzinfo=UTC))
    load_rows(
        file_id=file.pk,
        partner_id=file.partner_id,
        prepared=prepare([card_row("C1", PHONE), fresh]),
    )

    assert set(CustomerRecord.objects.values_list("first_name", "phone_number")) == {("", "")}
    assert CardEvent.objects.filter(card_id="C1").count() == 2
    assert CardStatus.objects.get(card_id="C1").contact == ""
    assert "81234567890" not in everything()


def test_reclassifying_leaves_an_erased_customers_funnel_alone(ayu: Customer) -> None:
    before = totals()["funnels"]
    erase_customer(customer=ayu)
    since = datetime(2025, 1, 1, tzinfo=UTC)

    list(reclassify(room_ids=room_ids_since(since), since=since, dry_run=False))

    assert totals()["funnels"] == before


def test_the_archive_is_erased_too_and_its_replay_revives_nobody(
    ayu: Customer, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    assert archive_raw(older_than_days=1) == 6
    assert len(export_customer(customer=ayu)[1]["archive"]) == 3

    with django_capture_on_commit_callbacks(execute=True):
        erase_customer(customer=ayu)

    files = list(Path(settings.RAW_STORAGE_URL).rglob("*.gz"))
    assert len(files) == 1
    text = gzip.decompress(files[0].read_bytes()).decode()
    assert "81234567890" not in text
    assert OTHER.removeprefix("+") in text
    *_, replayed = replay_raw()
    assert (replayed.lines, replayed.erased, replayed.restored) == (6, 3, 3)


def test_imports_that_have_not_ended_are_withdrawn_with_their_files(
    ayu: Customer, settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    chief = User.objects.create_superuser("chief")
    client = Client()
    client.force_login(chief)
    rows = f"phone_number,name\n{PHONE},Ayu Canary\n"

    def handed_in(content: str, language: str = "en") -> ImportJob:
        file = SimpleUploadedFile("people.csv", content.encode())
        return hand_in(
            user=chief, report="conversations.customer", file=file, format="csv", rows=1,
            language=language,
        )  # fmt: skip

    checked, wrong, waiting = handed_in(rows), handed_in(rows + "x,Canary\n"), handed_in(rows, "id")
    assert [run(job_id=job.pk) for job in (checked, wrong)] == ["checked", "wrong"]
    small = {"import_file": SimpleUploadedFile("p.csv", rows.encode()), "format": "1"}
    preview = client.post("/admin/conversations/customer/import/", {**small, "resource": "0"})
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 4
    assert "Canary" in "".join(str(job.tally) for job in ImportJob.objects.all())

    with django_capture_on_commit_callbacks(execute=True):
        request, _ = erase_customer(customer=ayu)

    assert request.rows["imports.ImportJob"] == 3
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert not [job for job in ImportJob.objects.all() if job.tally or job.file or job.errors_file]
    assert not [trace for trace in ("81234567890", MAIL) if trace in everything()]
    assert not confirm(job=checked)
    assert run(job_id=waiting.pk) == ImportJob.State.CANCELLED
    for job, words in (
        (checked, "A customer was erased meanwhile"),
        (wrong, "A customer was erased meanwhile"),
        (waiting, "seorang pelanggan dihapus"),
    ):
        page = client.get(f"/admin/imports/importjob/job/{job.token}/").content.decode()
        assert words in page, page
    asked = preview.context["confirm_form"].initial
    again = client.post("/admin/conversations/customer/process_import/", asked, follow=True)
    assert b"The previewed file is gone" in again.content


def test_the_commands_say_what_they_did(ayu: Customer, tmp_path: Path) -> None:
    out, path = io.StringIO(), tmp_path / "ayu.json"
    call_command("export_customer", "0812-3456-7890", out=path, stderr=io.StringIO())
    call_command("erase_customer", str(ayu.pk), "--dry-run", stdout=out)
    assert "conversations.Message: 3" in out.getvalue()
    ayu.refresh_from_db()
    assert ayu.erased_at is None

    call_command("erase_customer", MAIL, "--yes", stdout=out)

    assert json.loads(path.read_text())["customer"] == ayu.pk
    assert f"Customer {ayu.pk} is erased." in out.getvalue()
    with pytest.raises(CommandError, match="No customer is known"):
        call_command("export_customer", "0812-3456-7890")
    with pytest.raises(CommandError, match="exists already"):
        call_command("export_customer", str(ayu.pk), out=path)


def staff(*codenames: str) -> Client:
    user = User.objects.create_user("steward", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def test_staff_find_export_and_erase_on_pages(ayu: Customer) -> None:
    client = staff("export_customer", "erase_customer", "view_datarequest")
    base = "/admin/privacy/datarequest/"
    found: Any = client.get(f"{base}find/", {"who": "081234567890"})
    assert found.url == f"{base}customer/{ayu.pk}/"
    assert "Download JSON" in client.get(found.url).content.decode()

    export = client.post(f"{found.url}export/", {"reason": "ticket 3"})
    assert export.json()["customer"] == ayu.pk
    refused = client.post(f"{found.url}erase/", {"reason": "ticket 3", "sure": "yes"})
    assert "Type ERASE in capitals" in refused.content.decode()
    ayu.refresh_from_db()
    assert ayu.erased_at is None
    done = client.post(f"{found.url}erase/", {"reason": "ticket 3", "sure": "ERASE"}, follow=True)

    assert "The customer is erased." in done.content.decode()
    assert list(DataRequest.objects.values_list("kind", "who", "reason")) == [
        ("erasure", "steward", "ticket 3"),
        ("export", "steward", "ticket 3"),
    ]


@pytest.mark.parametrize(("held", "path"), [("export", "erase"), ("erase", "export")])
def test_each_needs_its_own_permission(ayu: Customer, held: str, path: str) -> None:
    client = staff(f"{held}_customer")

    answer = client.post(
        f"/admin/privacy/datarequest/customer/{ayu.pk}/{path}/", {"reason": "x", "sure": "ERASE"}
    )

    assert answer.status_code == 403
    assert not DataRequest.objects.exists()
