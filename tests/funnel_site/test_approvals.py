"""Four eyes: the same person twice is refused, a leave is for one thing and once, and all of it is kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.timezone import now

from carddata.models import PartnerFile
from conversations.models import Customer, InboundEvent
from conversations.services.archiving import archive_raw
from conversations.services.replaying import replay
from funnel_site.access import approvals, full_phones
from funnel_site.access.approvals import ApprovalError
from funnel_site.access.full_phones import Answer
from funnel_site.access.models import Approval
from funnel_site.audit.models import AuditEntry
from funnels.models import Keyword
from operations.system import health
from privacy.models import DataRequest
from tests.carddata.cards import make_card
from tests.reviews.making import make_customer

pytestmark = pytest.mark.django_db
STEWARD, OPERATOR, LEAD = "Privacy steward", "Operator", "Support lead"
ANALYST, AUDITOR = "Analyst", "Auditor"


def member(name: str, role: str = "") -> User:
    user = User.objects.create_user(name, is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def dead_letters(number: int) -> list[int]:
    InboundEvent.objects.bulk_create(
        InboundEvent(
            source="api", dedupe_key=str(one), body=b"{}", state="failed", error_code="required",
            received_at=now(), processed_at=now(),
        )
        for one in range(number)
    )  # fmt: skip
    return list(InboundEvent.objects.values_list("pk", flat=True))


def confirm_page(client: Client, approval: Approval, word: str = "confirm") -> Any:
    return client.post(f"/admin/access/approval/{approval.pk}/{word}/", {"why": "no"}, follow=True)


def test_an_erasure_takes_a_second_person_and_never_the_same_one() -> None:
    customer = make_customer(1, name="Siti")
    asker, second = browser(member("ann", STEWARD)), browser(member("ben", STEWARD))
    page = f"/admin/privacy/datarequest/customer/{customer.pk}/erase/"

    asked = asker.post(page, {"reason": "letter 7", "sure": "ERASE"}, follow=True)

    approval = Approval.objects.get()
    assert "Somebody else has to confirm" in asked.content.decode()
    assert Customer.objects.get().erased_at is None
    assert "You have asked for this yourself" in confirm_page(asker, approval).content.decode()
    assert Customer.objects.get().erased_at is None
    assert "The customer is erased." in confirm_page(second, approval).content.decode()
    assert Customer.objects.get().erased_at is not None
    assert DataRequest.objects.get().who == "ann"
    approval.refresh_from_db()
    assert (approval.state, approval.decided_who, approval.is_alone) == ("done", "ben", False)
    assert "decided already" in confirm_page(second, approval).content.decode()
    whose = AuditEntry.objects.filter(content_type__model="approval", object_pk=str(approval.pk))
    assert set(whose.values_list("who", flat=True)) == {"ann", "ben"}


def test_an_export_is_a_leave_for_one_download_of_that_customer_alone() -> None:
    customer, other = make_customer(1, name="Siti"), make_customer(2, name="Budi")
    ann, ben = member("ann", STEWARD), member("ben", STEWARD)
    asker, second = browser(ann), browser(ben)
    page = f"/admin/privacy/datarequest/customer/{customer.pk}/export/"
    assert asker.post(page, {"reason": "letter"}).status_code == 302
    confirm_page(second, Approval.objects.get())
    assert not DataRequest.objects.exists()

    elsewhere = asker.post(page.replace(str(customer.pk), str(other.pk)), {"reason": "too"})
    stolen = second.post(page, {"reason": "mine"})
    taken = asker.post(page)
    again = asker.post(page, {"reason": "letter"})

    assert [elsewhere.status_code, stolen.status_code] == [302, 302]
    assert taken.json()["customer"] == customer.pk
    assert again.status_code == 302
    assert DataRequest.objects.count() == 1


def test_where_nobody_else_could_confirm_one_person_acts_alone_and_the_row_says_so(
    settings: Any,
) -> None:
    customer = make_customer(1)
    ann = member("ann", STEWARD)
    wanted: dict[str, Any] = {"kind": "customer_erasure", "payload": {"customer": customer.pk}}
    settings.FOUR_EYES_ALONE = False
    waiting = approvals.ask_or_do(user=ann, subject="x", reason="law", **wanted)
    assert waiting.state == "waiting"
    settings.FOUR_EYES_ALONE = True

    done = approvals.ask_or_do(user=ann, subject="x", reason="law", **wanted)

    assert (done.pk, done.state, done.is_alone) == (waiting.pk, "done", True)
    member("ben", STEWARD)
    with pytest.raises(ApprovalError):
        approvals.act_alone(user=ann, subject="x", reason="law", **wanted)


def test_the_database_itself_refuses_one_person_for_two() -> None:
    ann = member("ann", STEWARD)
    member("ben", STEWARD)
    row = approvals.ask(kind="customer_export", user=ann, subject="x", reason="y")
    row.state, row.decided_by = "granted", ann
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


@pytest.mark.parametrize("change", ["expired", "left", "role_lost", "no_role", "refused"])
def test_what_does_not_hold_any_more_is_not_confirmed(change: str) -> None:
    ann, ben = member("ann", STEWARD), member("ben", STEWARD)
    customer = make_customer(1)
    row = approvals.ask(
        kind="customer_erasure",
        user=ann,
        subject="x",
        reason="y",
        payload={"customer": customer.pk},
    )
    match change:
        case "expired":
            Approval.objects.update(expires_at=now() - timedelta(seconds=1))
        case "left":
            User.objects.filter(pk=ann.pk).update(is_active=False)
        case "role_lost":
            ann.groups.clear()
        case "no_role":
            ben = member("eve", OPERATOR)
        case "refused":
            approvals.refuse(approval_id=row.pk, user=ben, why="no")

    with pytest.raises(ApprovalError):
        approvals.confirm(approval_id=row.pk, user=ben)

    assert Customer.objects.get().erased_at is None


def test_who_may_not_ask_or_gives_no_reason_is_refused() -> None:
    member("ben", STEWARD)
    with pytest.raises(ApprovalError):
        approvals.ask(kind="customer_erasure", user=member("op", OPERATOR), subject="x", reason="y")
    with pytest.raises(ApprovalError):
        approvals.ask(kind="customer_erasure", user=member("ann", STEWARD), subject="x", reason=" ")


def test_a_hundred_dead_letters_are_replayed_by_one_and_more_by_two() -> None:
    ids = dead_letters(101)
    first, second = browser(member("op", OPERATOR)), browser(member("op2", OPERATOR))
    page = "/admin/conversations/inboundevent/"
    few = {"action": "replay", "_selected_action": ids[:1]}
    assert first.post(page, few).status_code == 302
    InboundEvent.objects.update(state="failed", error_code="required", attempts=7)

    asked = first.post(
        page, {"action": "replay", "select_across": "1", "_selected_action": ids[:1]}
    )
    assert "101 dead letters" in asked.content.decode()
    assert first.post("/admin/operations/taskrun/replay/")["Location"].endswith("/replay_all/")
    sent = {"ids": ",".join(map(str, ids)), "reason": "the parser is mended"}
    first.post(f"{page}replay/", sent, follow=True)
    assert InboundEvent.objects.filter(attempts=7).count() == 101
    confirm_page(second, Approval.objects.get())

    assert Approval.objects.get().answer == "Put 101 dead letters back in line."
    assert not InboundEvent.objects.filter(attempts=7).exists()


def test_what_needs_no_mending_is_closed_with_a_reason_and_counted_apart() -> None:
    ids = dead_letters(101)
    first, second = browser(member("op", OPERATOR)), browser(member("op2", OPERATOR))
    page = "/admin/conversations/inboundevent/"
    asked = first.post(page, {"action": "ignore", "_selected_action": ids[:1]})
    assert "1 dead letter is to be closed" in asked.content.decode()
    sent = {"ids": str(ids[0]), "reason": " "}
    first.post(f"{page}ignore/", sent)
    assert not InboundEvent.objects.filter(state="ignored").exists()
    first.post(f"{page}ignore/", sent | {"reason": "a test of theirs"})
    closed = InboundEvent.objects.get(state="ignored")
    assert (closed.pk, closed.ignored_because, closed.error_code) == (
        ids[0], "a test of theirs", "required",
    )  # fmt: skip
    assert AuditEntry.objects.filter(words="Ignored 1 dead letters: a test of theirs").exists()
    assert "a test of theirs" in first.get(f"{page}{closed.pk}/change/").content.decode()
    found = health()
    assert (found.dead_letters, found.ignored) == ("100", "1")
    assert replay(InboundEvent.objects.all()) == 100, "what is closed stays closed"
    assert archive_raw(older_than_days=0) == 0

    first.post(f"{page}{closed.pk}/take_up_one/")
    closed.refresh_from_db()
    assert (closed.state, closed.ignored_because) == ("failed", "")
    InboundEvent.objects.update(state="failed", error_code="conflict")
    everything = {"ids": ",".join(map(str, ids)), "reason": "the sender mended it"}
    first.post(f"{page}ignore/", everything)
    assert not InboundEvent.objects.filter(state="ignored").exists()
    confirm_page(second, Approval.objects.get())
    assert Approval.objects.get().answer == "Closed 101 dead letters."
    assert InboundEvent.objects.filter(ignored_because="the sender mended it").count() == 101
    first.post(page, {"action": "take_up", "_selected_action": ids})
    assert InboundEvent.objects.filter(state="failed").count() == 101


def test_a_roll_back_waits_for_the_second_operator() -> None:
    file = make_card("ZYW1").event.file
    PartnerFile.objects.update(state="done")
    first, second = browser(member("op", OPERATOR)), browser(member("op2", OPERATOR))

    first.post(f"/admin/carddata/partnerfile/{file.pk}/undo/", {"reason": "wrong file"})
    assert PartnerFile.objects.get().state == "done"
    confirm_page(second, Approval.objects.get())

    file.refresh_from_db()
    assert file.undone_by is not None
    assert (file.state, file.undone_by.username, file.undo_reason) == (
        "undoing",
        "op",
        "wrong file",
    )


def test_an_analysts_keyword_is_a_draft_until_somebody_else_says_so() -> None:
    analyst, lead = browser(member("ana", ANALYST)), browser(member("lea", LEAD))
    form = {
        "stage": "opening",
        "phrase": "promo",
        "channel": "",
        "mode": "phrase",
        "is_active": "on",
    }
    without = analyst.post("/admin/funnels/keyword/add/", form)
    assert "Say why" in without.content.decode()

    analyst.post("/admin/funnels/keyword/add/", {**form, "reason": "campaign"})
    assert not Keyword.objects.get().is_active
    confirm_page(lead, Approval.objects.get())
    assert Keyword.objects.get().is_active

    change = {**form, "phrase": "diskon", "reason": "new words"}
    page = f"/admin/funnels/keyword/{Keyword.objects.get().pk}/change/"
    analyst.post(page, change)
    assert Keyword.objects.get().phrase == "promo"
    confirm_page(lead, Approval.objects.latest("pk"), "refuse")
    assert Keyword.objects.get().phrase == "promo"
    lead.post(page, change)
    assert Keyword.objects.get().phrase == "diskon"
    assert analyst.get("/admin/funnels/keyword/import/").status_code == 403


def test_rights_are_taken_at_once_and_given_by_two() -> None:
    chief, new = User.objects.create_superuser("chief"), User.objects.create_user("new")
    auditor = browser(member("aud", AUDITOR))
    page = f"/admin/auth/user/{new.pk}/change/"
    lead, agent = (Group.objects.get(name=name).pk for name in (LEAD, "Support agent"))
    form = {
        "username": "new", "is_active": "on", "is_staff": "on", "groups": [lead, agent],
        "date_joined_0": "2025-01-01", "date_joined_1": "00:00",
    }  # fmt: skip
    assert "Say why" in browser(chief).post(page, form).content.decode()

    browser(chief).post(page, {**form, "reason": "joins the team"})
    new.refresh_from_db()
    assert (new.is_staff, list(new.groups.all())) == (False, [])
    confirm_page(auditor, Approval.objects.get())

    new.refresh_from_db()
    assert new.is_staff
    assert new.groups.count() == 2
    browser(chief).post(page, {**form, "groups": [agent]})
    assert list(new.groups.values_list("pk", flat=True)) == [agent]
    browser(chief).post(f"/admin/auth/user/{new.pk}/password/", {
        "usable_password": "true", "password1": "tall-Green-42", "password2": "tall-Green-42"
    })  # fmt: skip
    new.refresh_from_db()
    assert not new.check_password("tall-Green-42")
    confirm_page(auditor, Approval.objects.latest("pk"))
    new.refresh_from_db()
    assert new.check_password("tall-Green-42")
    assert "password" not in Approval.objects.latest("pk").payload
    assert browser(chief).get(f"/admin/auth/user/{new.pk}/delete/").status_code == 403


def test_a_file_with_full_numbers_is_for_leads_and_stewards_with_a_second_person() -> None:
    lead, steward, analyst = member("lea", LEAD), member("ste", STEWARD), member("ana", ANALYST)
    wanted = {"list": "customers", "filter": {"q": "x"}, "columns": ["phone_number"]}

    def answer(user: User, rows: int, **other: Any) -> Answer:
        return full_phones.decide(user=user, rows=rows, wanted={**wanted, **other}).answer

    assert answer(analyst, 1) == Answer.REFUSED
    assert [answer(lead, 1_000), answer(lead, 1_001)] == [Answer.ASK, Answer.REFUSED]
    assert answer(steward, 1_001) == Answer.ASK
    asked = full_phones.ask(user=lead, rows=9, wanted=wanted, subject="9 customers", reason="call")
    assert asked.answer == Answer.WAITING
    assert asked.approval is not None
    approvals.confirm(approval_id=asked.approval.pk, user=steward)
    assert [answer(lead, 9), answer(lead, 9, columns=[])] == [Answer.GRANTED, Answer.ASK]
    full_phones.take(user=lead, rows=9, wanted=wanted)
    with pytest.raises(ApprovalError):
        full_phones.take(user=lead, rows=9, wanted=wanted)


def test_approvals_are_seen_by_who_asked_who_may_confirm_and_who_watches() -> None:
    ann = member("ann", STEWARD)
    member("ben", STEWARD)
    row = approvals.ask(kind="customer_export", user=ann, subject="Export of 7", reason="y")
    for name, role, sees in (
        ("op", OPERATOR, False),
        ("aud", AUDITOR, True),
        ("cy", STEWARD, True),
    ):
        client = browser(member(name, role))
        assert ("Export of 7" in client.get("/admin/access/approval/").content.decode()) == sees
        opened = client.get(f"/admin/access/approval/{row.pk}/change/")
        assert (opened.status_code == 200) == sees
    refused = confirm_page(browser(User.objects.get(username="aud")), row)
    assert "Your role may not confirm this." in refused.content.decode()
