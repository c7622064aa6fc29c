"""What goes for its age, by source; what stays, and what a hold and an erasure reach."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils.timezone import now

from carddata.models import PartnerFile
from carddata.services.copy_erasing import blanked
from carddata.services.undoing import redo_import, undo_import
from conversations.models import Customer, InboundEvent, Message, RawFile
from conversations.services.archiving import archive_raw
from conversations.services.inbox import Delivery, store_deliveries
from funnel_site.audit.models import AuditEntry
from privacy.retention import purge
from privacy.services import LegalHoldError, erase_customer, lift_holds, set_hold
from tests.carddata.making import courier, line, take, text_of
from tests.privacy.conftest import OTHER, PHONE

pytestmark = pytest.mark.django_db


def bodies() -> int:
    return InboundEvent.objects.exclude(body=b"").count()


def test_nothing_goes_without_a_policy(ayu: Customer) -> None:
    assert purge() == []
    assert bodies() == 7


def test_bodies_and_archive_go_and_keys_stay(ayu: Customer, settings: Any) -> None:
    archive_raw(older_than_days=1)
    assert (bodies(), RawFile.objects.count()) == (1, 1)
    keys, messages = InboundEvent.objects.count(), Message.objects.count()
    settings.RETENTION_DAYS = {"*": 30, "partner_files": 30}
    out = io.StringIO()
    call_command("purge", dry_run=True, json=True, stdout=out)
    assert json.loads(out.getvalue())[1] == {"source": "api", "days": 30, "bodies": 1, "files": 1}
    assert (bodies(), RawFile.objects.count()) == (1, 1)

    call_command("purge", stdout=(told := io.StringIO()))

    assert "api, older than 30 days: 1 bodies and 1 files are gone" in told.getvalue()
    assert (bodies(), RawFile.objects.count()) == (0, 0)
    assert not list(Path(settings.RAW_STORAGE_URL).rglob("*.gz"))
    assert (InboundEvent.objects.count(), Message.objects.count()) == (keys, messages)
    event = InboundEvent.objects.filter(error_code="").first()
    assert event is not None
    (again,) = store_deliveries(
        source="api", deliveries=[Delivery(key=event.dedupe_key, body=b"{}")], received_at=now()
    )
    assert (again.is_duplicate, again.is_conflict) == (True, False)
    entry = AuditEntry.objects.get(words__startswith="Dropped for its age")
    assert entry.additional_data["bodies"] == 1
    assert [one.is_anything for one in purge()] == [False, False]


def test_a_source_not_named_is_kept(ayu: Customer, settings: Any) -> None:
    settings.RETENTION_DAYS = {"crm": 1}
    purge()
    assert bodies() == 7


def test_a_hold_keeps_a_customers_data_from_age_and_from_erasure(
    ayu: Customer, settings: Any
) -> None:
    settings.RETENTION_DAYS = {"*": 1}
    set_hold(customer=ayu, user=None, reason="case 9")
    with pytest.raises(LegalHoldError, match="case 9"):
        erase_customer(customer=ayu)
    purge()
    kept = InboundEvent.objects.exclude(body=b"")
    assert set(kept.values_list("messages__customer", flat=True)) == {ayu.pk}
    assert kept.count() == 3

    assert lift_holds(customer=ayu, user=None) == 1
    assert erase_customer(customer=ayu)[1]


def test_an_erasure_reaches_our_copies_of_partners_files(
    ayu: Customer, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT, settings.PARTNER_DROP = str(tmp_path / "media"), str(tmp_path / "drop")
    done = tmp_path / "drop" / "done"
    done.mkdir(parents=True)
    (done / "old.csv").write_text(f"ZYW9,{PHONE}\nZYW8,{OTHER}\n")
    courier(phone_region="ID")
    local = f"0{PHONE[3:6]}-{PHONE[6:10]}-{PHONE[10:]}"
    file = take(tmp_path, text_of(line("ZYW1", contact=local), line("ZYW2", contact=OTHER)))
    copy = tmp_path / "media" / file.stored_as
    size = copy.stat().st_size

    erase_customer(customer=ayu)

    for path in (copy, done / "old.csv"):
        text = path.read_text()
        assert PHONE[3:] not in text.replace("-", "")
        assert OTHER in text
    assert copy.stat().st_size == size
    undo_import(file_id=file.pk, begin=False)
    from carddata.services.importing import run

    run(file_id=file.pk)
    redo_import(file_id=file.pk, begin=False)
    redone = run(file_id=file.pk)
    assert (redone.state, redone.loaded, redone.rejected) == ("done", 2, 0)
    assert list(redone.events.order_by("card_id").values_list("contact", flat=True)) == ["", OTHER]


def test_copies_go_for_their_age_and_the_cards_stay(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.RETENTION_DAYS = {"partner_files": 30, "rejected_rows": 30}
    courier()
    file = take(tmp_path, text_of(line(), line(contact="nobody")))
    PartnerFile.objects.update(finished_at=datetime(2024, 1, 1, tzinfo=UTC))

    reports = {one.source: (one.bodies, one.files) for one in purge()}

    assert reports == {"partner_files": (0, 1), "rejected_rows": (1, 0)}
    assert not (tmp_path / "media" / file.stored_as).exists()
    file.refresh_from_db()
    assert (file.stored_as, file.loaded) == ("", 1)
    assert file.rejects.get().raw == "(dropped for its age)"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('A1,"0812 3456 7890",x', 'A1,"              ",x'),
        ("A1,628123456789 0;y", "A1,              ;y"),
        ("A1,08199999999", "A1,08199999999"),
    ],
)
def test_a_blanked_line_is_as_long_as_it_was(text: str, left: str) -> None:
    assert blanked(text, {"81234567890"}) == left
    assert len(left) == len(text)
