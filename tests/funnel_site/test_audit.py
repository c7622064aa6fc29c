"""The audit trail: what leaves an entry, who reads it, and that nobody can change it."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils.timezone import now

from conversations.models import Customer, CustomerIdentity, InboundEvent, Line, Room
from funnel_site.audit.models import AuditEntry, AuditPruning
from funnel_site.audit.pruning import PruningError, prune

PHONE = "+6281234567890"
NAME = "Siti Rahmawati"


def person(role: str, name: str = "") -> User:
    user = User.objects.create_user(name or role.replace(" ", "-"), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def entered(role: str) -> Client:
    client = Client()
    client.force_login(person(role))
    return client


def trail(**wanted: Any) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(**wanted).order_by("pk"))


@pytest.fixture
def customer(db: None) -> Customer:
    made = Customer.objects.create(
        name=NAME, phone_number=PHONE, first_seen_at=now(), last_seen_at=now()
    )
    CustomerIdentity.objects.create(
        customer=made, kind="phone", value=PHONE, first_seen_at=made.first_seen_at
    )
    return made


def test_a_look_at_a_person_says_who_whom_and_when(customer: Customer) -> None:
    room = Room.objects.create(
        source="crm", external_id="r1", channel="whatsapp", customer=customer, started_at=now()
    )
    agent = entered("Support agent")
    agent.get(f"/admin/conversations/customer/{customer.pk}/change/")
    agent.get(f"/admin/conversations/room/{room.pk}/change/")
    agent.get("/admin/conversations/room/")
    agent.get(f"/admin/conversations/room/{room.pk}/live/")

    first, second = trail(kind="saw")
    assert (first.who, first.content_type.model, first.object_pk) == (
        "Support-agent",
        "customer",
        str(customer.pk),
    )
    assert first.remote_addr == "127.0.0.1"
    assert first.cid
    assert (second.content_type.model, second.object_pk) == ("room", str(room.pk))


def test_no_entry_names_a_person(customer: Customer) -> None:
    lead = entered("Support lead")
    lead.get(f"/admin/conversations/customer/?q={PHONE[3:]}")
    lead.post(
        f"/admin/conversations/customer/{customer.pk}/change/",
        {
            "name": "Siti R",
            "email": "",
            "identities-TOTAL_FORMS": "1",
            "identities-INITIAL_FORMS": "1",
            "identities-0-id": str(customer.identities.get().pk),
            "identities-0-customer": str(customer.pk),
        },
    )
    customer.refresh_from_db()
    assert customer.name == "Siti R"
    entries = trail()
    assert any(entry.changes and "name" in entry.changes for entry in entries)
    for entry in entries:
        kept = f"{entry.object_repr} {entry.changes} {entry.words} {entry.additional_data}"
        assert NAME not in kept
        assert PHONE[1:] not in kept


def test_a_change_keeps_before_and_after(db: None) -> None:
    line = Line.objects.create(name="Shop", address="whatsapp:+14155238886")
    line.name = "Shop one"
    line.save()
    created, changed = trail(content_type__model="line")
    assert changed.changes["name"] == ["Shop", "Shop one"]
    assert created.action == AuditEntry.Action.CREATE


def test_a_change_of_somebodys_roles_is_kept(db: None) -> None:
    user = person("Support agent")
    (entry,) = [one for one in trail(content_type__model="user") if "groups" in one.changes]
    assert entry.object_pk == str(user.pk)
    assert entry.changes["groups"]["objects"] == ["Support agent"]


def test_a_replay_of_many_is_one_entry_with_their_numbers(db: None) -> None:
    events = [
        InboundEvent.objects.create(
            source="crm",
            dedupe_key=str(number),
            body=b"{",
            state=InboundEvent.State.FAILED,
            received_at=now(),
        )
        for number in range(3)
    ]
    keys = [str(event.pk) for event in events]
    operator = entered("Operator")
    operator.post(
        "/admin/conversations/inboundevent/", {"action": "replay", "_selected_action": keys}
    )
    operator.post("/admin/conversations/inboundevent/replay_all/")
    by_hand = trail(kind="replayed")
    assert by_hand[0].additional_data["rows"] == keys
    assert by_hand[0].words.startswith("Replayed")
    assert len(by_hand) == 2


def test_an_export_is_kept_with_its_filter(customer: Customer) -> None:
    answer = entered("Analyst").post(
        "/admin/conversations/customer/export/?blocked_at__isempty=1",
        {"format": "1", "resource": "", "customerresource_phone_number": "on"},
    )
    assert answer["Content-Disposition"].startswith("attachment")
    (entry,) = trail(kind="exported")
    assert entry.additional_data["filter"] == {"blocked_at__isempty": "1"}
    assert ".csv" in entry.words


def test_who_is_refused_is_kept(db: None) -> None:
    assert entered("Analyst").get("/admin/conversations/room/").status_code == 403
    (entry,) = trail(kind="refused")
    assert (entry.who, entry.path) == ("Analyst", "/admin/conversations/room/")


def test_everybody_reads_their_own_trail_and_the_auditor_all(customer: Customer) -> None:
    agent, auditor = entered("Support agent"), entered("Auditor")
    agent.get(f"/admin/conversations/customer/{customer.pk}/change/")
    auditor.get(f"/admin/conversations/customer/{customer.pk}/change/")
    (theirs,), (others,) = trail(kind="saw", who="Support-agent"), trail(kind="saw", who="Auditor")
    pages = "/admin/audit/auditentry"
    assert agent.get(f"{pages}/{theirs.pk}/change/").status_code == 200
    assert agent.get(f"{pages}/{others.pk}/change/").status_code == 302
    assert auditor.get(f"{pages}/{theirs.pk}/change/").status_code == 200
    listed = agent.get(f"{pages}/").content.decode()
    assert f"{pages}/{theirs.pk}/" in listed
    assert f"{pages}/{others.pk}/" not in listed
    for client in (agent, auditor):
        assert client.post(f"{pages}/{theirs.pk}/change/", {"who": "x"}).status_code == 403
        assert client.post(f"{pages}/{theirs.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_database_refuses_to_change_or_delete_an_entry(customer: Customer) -> None:
    entered("Support agent").get(f"/admin/conversations/customer/{customer.pk}/change/")
    (entry,) = trail(kind="saw")
    rows = AuditEntry.objects.filter(pk=entry.pk)
    for deed in (
        lambda: rows.update(who="nobody"),
        lambda: rows.update(actor=person("Auditor")),
        rows.delete,
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            deed()
    # An account may go; what it did stays under its name.
    User.objects.get(username="Support-agent").delete()
    entry.refresh_from_db()
    assert (entry.actor, entry.who) == (None, "Support-agent")


def test_the_trail_is_not_emptied_at_once(customer: Customer) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no TRUNCATE: it empties by DELETE, which is refused row by row")
    with connection.cursor() as cursor:
        # What this test has written waits for its own checks, which would stop it, too.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in ("audit_auditentry", "audit_auditpruning"):
        with (
            pytest.raises(DatabaseError, match=r"append-only|are kept"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"TRUNCATE {table}")


def test_entries_go_for_their_age_alone_and_by_a_row_that_stays(customer: Customer) -> None:
    entered("Support agent").get(f"/admin/conversations/customer/{customer.pk}/change/")
    young = AuditEntry.objects.get(kind="saw")
    old = AuditEntry.objects.get(pk=young.pk)
    old.pk, old.timestamp = None, now() - timedelta(days=800)
    AuditEntry.objects.bulk_create([old])
    for days, why in ((364, "x"), (700, "")):
        with pytest.raises(PruningError):
            prune(older_than_days=days, reason=why)
    assert prune(older_than_days=700, reason="policy", dry_run=True).entries == 1
    assert not AuditPruning.objects.exists()

    out = StringIO()
    call_command("prune_audit", older_than_days=700, reason="policy 4", stdout=out)

    assert out.getvalue().startswith("1 entries before")
    assert AuditEntry.objects.filter(pk=young.pk).exists()
    assert not AuditEntry.objects.filter(timestamp__lt=now() - timedelta(days=700)).exists()
    (kept,) = AuditPruning.objects.all()
    assert (kept.removed, kept.reason) == (1, "policy 4")
    for deed in (
        lambda: AuditPruning.objects.filter(pk=kept.pk).update(reason="x"),
        lambda: AuditPruning.objects.filter(pk=kept.pk)._raw_delete(connection.alias),
        lambda: AuditPruning.objects.create(
            until=now(), made_at=now(), who="x", reason="all of it", removed=9
        ),
        lambda: AuditEntry.objects.filter(pk=young.pk)._raw_delete(connection.alias),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()


def test_a_lead_reads_the_agents_trail_and_nobody_elses(customer: Customer) -> None:
    for role in ("Support agent", "Privacy steward"):
        entered(role).get(f"/admin/conversations/customer/{customer.pk}/change/")
    listed = entered("Support lead").get("/admin/audit/auditentry/").content.decode()
    agents, others = (
        trail(kind="saw", who="Support-agent"),
        trail(kind="saw", who="Privacy-steward"),
    )
    assert f"/admin/audit/auditentry/{agents[0].pk}/" in listed
    assert f"/admin/audit/auditentry/{others[0].pk}/" not in listed


@pytest.mark.parametrize(("role", "label", "shows"), [
    ("Support agent", "conversations.customer", PHONE),
    ("Operator", "conversations.inboundevent", "blue door"),
])  # fmt: skip
def test_one_masked_field_is_shown_with_a_reason_that_stays(
    customer: Customer, role: str, label: str, shows: str
) -> None:
    event = InboundEvent.objects.create(
        source="crm", dedupe_key="1", body=b'{"message": "blue door"}', received_at=now()
    )
    key = customer.pk if label == "conversations.customer" else event.pk
    page, client = f"/admin/reveal/{label}/{key}/", entered(role)
    row = client.get(f"/admin/{label.replace('.', '/')}/{key}/change/").content.decode()
    assert shows not in row

    without = client.post(page, {"reason": " "})
    assert shows not in without.content.decode()
    assert not trail(kind="revealed")
    shown = client.post(page, {"reason": "ticket 5", "next": "//evil.example/"})

    assert shows in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert shown["Refresh"].startswith("30; url=/admin/")
    (entry,) = trail(kind="revealed")
    assert (entry.who, entry.words, entry.object_pk) == (
        role.replace(" ", "-"),
        "ticket 5",
        str(key),
    )
    assert shows not in str(entry.changes) + str(entry.additional_data) + entry.object_repr
    other = entered("Analyst")
    assert other.post(page, {"reason": "curious"}).status_code == 403
    assert entered("Auditor").get(page).status_code == 403


def test_a_superusers_sign_in_is_told(
    db: None,
    client: Client,
    mailoutbox: Any,
    settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.ADMINS = [("", "owner@example.com")]
    User.objects.create_superuser("chief", password="tall-Green-42")
    User.objects.create_user("agent", password="tall-Green-42", is_staff=True)
    for name in ("agent", "chief"):
        with django_capture_on_commit_callbacks(execute=True):
            client.post("/admin/login/", {"username": name, "password": "tall-Green-42"})

    (entry,) = trail(kind="told")
    assert entry.who == "chief"
    assert [mail.to for mail in mailoutbox] == [["owner@example.com"]]
    assert "chief" in mailoutbox[0].body
