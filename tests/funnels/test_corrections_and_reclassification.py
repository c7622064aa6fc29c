"""What staff say holds, and keywords change the past only when asked to."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from conversations.services.drain import drain_inbox
from conversations.services.inbox import Delivery, canonical, store_deliveries
from funnels.models import Correction, Evidence, Funnel, Keyword
from funnels.services.correcting import correct_fact, lift_correction
from funnels.services.keywords import note_keyword_edit


def take(text: str, number: int = 1, **fields: Any) -> None:
    body = {
        "message_id": f"m{number}",
        "room_id": "room",
        "phone_number": "08123456789",
        "message": text,
        "sent_at": f"2025-04-{number:02}T10:00:00+07:00",
        **fields,
    }
    store_deliveries(
        source="api",
        deliveries=[Delivery(key=body["message_id"], body=canonical(body))],
        received_at=now(),
    )
    drain_inbox()


@pytest.fixture
def ana(db: None) -> User:
    return User.objects.create_user("ana", is_staff=True)


def test_a_correction_holds_against_later_messages_until_it_is_lifted(
    keywords: None, ana: User
) -> None:
    take("halo, sudah transfer 150rb ya kak")
    funnel = Funnel.objects.get()
    correction = correct_fact(
        funnel=funnel, field="transaction_value", value="140000", reason="slip", user=ana
    )

    take("sudah transfer 500rb ya kak", 2)
    assert Funnel.objects.get().transaction_value == 140_000

    lift_correction(correction=correction, user=ana)
    lift_correction(correction=correction, user=ana)
    assert Funnel.objects.get().transaction_value == 650_000
    assert Correction.objects.get().lifted_by == ana


@pytest.mark.parametrize(
    ("field", "value", "reason", "named"),
    [
        ("transaction_value", "-5", "x", "value"),
        ("transaction_value", "1e99", "x", "value"),
        ("transaction_value", "NaN", "x", "value"),
        ("booking_date", "tomorrow", "x", "value"),
        ("channel", "", "x", "value"),
        ("password", "x", "x", "field"),
        ("transaction_value", "5", "  ", "reason"),
    ],
)
def test_a_wrong_correction_is_named_and_changes_nothing(
    keywords: None, ana: User, field: str, value: str, reason: str, named: str
) -> None:
    take("halo")

    with pytest.raises(ValidationError) as refusal:
        correct_fact(funnel=Funnel.objects.get(), field=field, value=value, reason=reason, user=ana)

    assert named in refusal.value.message_dict
    assert not Correction.objects.exists()


def test_a_new_keyword_does_not_rewrite_the_past(keywords: None, capsys: Any) -> None:
    take("mau ikut kelas melukis dong")
    assert Funnel.objects.get().lead_basis == "first_contact"
    Keyword.objects.create(stage="opening", phrase="kelas melukis", channel="instagram")
    note_keyword_edit(by="ana")

    take("oke", 2)
    assert Funnel.objects.get().lead_basis == "first_contact"

    call_command("reclassify", "--since", "2025-04-01", "--dry-run")
    shown = capsys.readouterr().out
    assert "lead_basis first_contact -> keyword" in shown
    assert Funnel.objects.get().lead_basis == "first_contact"
    assert not Evidence.objects.exists()

    call_command("reclassify", "--since", "2025-04-01")
    funnel = Funnel.objects.get()
    assert (funnel.lead_basis, funnel.channel) == ("keyword", "instagram")

    capsys.readouterr()
    call_command("reclassify", "--since", "2025-04-01")
    assert "evidence +0 -0, 0 funnels changed" in capsys.readouterr().out


def test_what_a_keyword_no_longer_says_is_superseded_not_erased(keywords: None) -> None:
    take("halo")
    assert Funnel.objects.get().lead_basis == "keyword"
    Keyword.objects.filter(phrase="halo").update(is_active=False)
    note_keyword_edit(by="ana")

    call_command("reclassify", "--since", "2025-04-01")

    assert Funnel.objects.get().lead_basis == "first_contact"
    assert Evidence.objects.get().superseded_at is not None


def test_reclassify_names_what_is_wrong(db: None) -> None:
    with pytest.raises(CommandError, match="--since"):
        call_command("reclassify", "--since", "tomorrow")
    with pytest.raises(CommandError, match="--room"):
        call_command("reclassify", "--since", "2025-04-01", "--room", "none")


def test_evidence_tells_its_words_keyword_and_versions(keywords: None) -> None:
    take("Halo kak")

    found = Evidence.objects.get()
    assert found.words.casefold() == "halo"
    assert found.keyword is not None
    assert (found.keyword.phrase, found.keyword_version, found.rule_version) == ("halo", 1, 1)


def test_a_denial_is_kept_and_does_not_count(keywords: None) -> None:
    take("halo, belum bayar ya kak")

    denied = Evidence.objects.get(stage="transaction")
    assert denied.negated
    assert Funnel.objects.get().stage == "opening"


def test_stated_fields_overrule_the_text(keywords: None) -> None:
    take(
        "sudah transfer 1.500.000",
        transaction_value=150_000,
        transaction_date="2025-04-01T11:00:00",
    )

    assert Funnel.objects.get().transaction_value == 150_000
    assert Evidence.objects.get(basis="text", stage="transaction").overruled


def test_a_stated_lead_channel_is_the_first_choice(keywords: None) -> None:
    take("SPARKS TRIAL", lead_channel="Billboard")

    assert Funnel.objects.get().channel == "billboard"
