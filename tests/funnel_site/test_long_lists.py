"""Lists of millions of rows: what is counted, how far one turns the pages, what a search and an order
may ask of the database. The figures are benchmarks.staff_pages' business."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from conversations.models import Customer, CustomerIdentity, InboundEvent, Message, Room
from customer360.models import CustomerProfile
from funnel_site.exports import pages
from funnel_site.lib import filters, paging, searching
from funnel_site.lib.staff import StaffAdmin
from funnels.models import Funnel

pytestmark = pytest.mark.django_db
NAMES = ("Ana Putri", "Budi Santoso", "Citra Dewi", "Ana Wijaya")
on_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="an estimate and these indexes are PostgreSQL's"
)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def people() -> list[Customer]:
    """Four customers with a room, two messages and a funnel each; the last was seen last."""
    start = now() - timedelta(days=2)
    found = []
    for place, name in enumerate(NAMES):
        at = start + timedelta(hours=place)
        customer = Customer.objects.create(
            name=name,
            email=f"{name.split()[0].lower()}{place}@example.com",
            phone_number=f"+62812345600{place}0",
            first_seen_at=at,
            last_seen_at=at,
        )
        room = Room.objects.create(
            source="crm", external_id=f"Room-{place}", customer=customer, channel="whatsapp",
            started_at=at, last_message_at=at,
        )  # fmt: skip
        for number, body in enumerate(("Mau tanya jadwal", "Sudah transfer 100%")):
            Message.objects.create(
                source="crm", external_id=f"m{place}-{number}", sender="customer", body=body,
                media=[], stated={}, room=room, customer=customer,
                sent_at=at + timedelta(minutes=number), received_at=at,
            )  # fmt: skip
        Funnel.objects.create(
            room=room, customer=customer, cycle=1, is_latest=True, stage="opening",
            channel="ads" if place else "blast", lead_basis="keyword", began_at=at,
            leads_date=at, other_amounts={}, updated_at=at,
        )  # fmt: skip
        found.append(customer)
    return found


def context(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.status_code
    found: dict[str, Any] = answer.context_data
    return found


def rows(client: Client, path: str, **query: Any) -> list[Any]:
    return list(context(client.get(f"/admin/{path}/", query))["cl"].result_list)


def names(client: Client, path: str, **query: Any) -> list[str]:
    return [
        str((row.customer if path != CUSTOMERS else row).name)
        for row in rows(client, path, **query)
    ]


CUSTOMERS, ROOMS, FUNNELS = "conversations/customer", "conversations/room", "funnels/funnel"
MESSAGES, PROFILES = "conversations/message", "customer360/customerprofile"


@pytest.mark.parametrize("path", [CUSTOMERS, ROOMS, FUNNELS])
def test_a_number_a_name_and_an_id_are_found_in_any_list(
    staff: Client, people: list[Customer], path: str
) -> None:
    for term in ("0812-3456-0010", "+62 812 3456 0010", "0010", "budi", "SANTOSO", "santo budi"):
        assert names(staff, path, q=term) == ["Budi Santoso"], term
    assert names(staff, path, q="ana") == ["Ana Wijaya", "Ana Putri"]
    assert names(staff, path, q="nobody") == []
    if path != CUSTOMERS:
        assert names(staff, path, q="Room-2") == ["Citra Dewi"]


def test_messages_are_found_by_word_id_room_and_number(
    staff: Client, people: list[Customer]
) -> None:
    assert [row.external_id for row in rows(staff, MESSAGES, q="jadwal tanya")] == [
        "m3-0", "m2-0", "m1-0", "m0-0",
    ]  # fmt: skip
    for term, found in {
        "m2-1": ["m2-1"],
        "Room-1": ["m1-1", "m1-0"],
        "081234560030": ["m3-1", "m3-0"],
        "nothing": [],
    }.items():
        assert [row.external_id for row in rows(staff, MESSAGES, q=term)] == found, term


@pytest.mark.parametrize("term", ["a", "%", "__", "10"])
def test_what_is_too_short_to_look_for_is_answered_with_what_would_do(
    staff: Client, people: list[Customer], term: str
) -> None:
    answer = staff.get(f"/admin/{CUSTOMERS}/", {"q": term})

    assert list(context(answer)["cl"].result_list) == []
    assert "at least 3 letters" in answer.content.decode()


def test_a_search_by_a_name_looks_at_those_seen_last(
    staff: Client, people: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MOST", 1)

    assert names(staff, ROOMS, q="ana") == ["Ana Wijaya"]


def test_masked_eyes_search_neither_names_nor_numbers(people: list[Customer]) -> None:
    analyst = User.objects.create_user("analyst", is_staff=True)
    analyst.groups.add(Group.objects.get(name="Analyst"))
    client = Client()
    client.force_login(analyst)
    for term in ("budi", "081234560010", "0010"):
        assert rows(client, FUNNELS, q=term) == [], term


def test_a_list_is_ordered_by_nothing_that_no_index_has(
    staff: Client, people: list[Customer]
) -> None:
    changelist = context(staff.get(f"/admin/{CUSTOMERS}/"))["cl"]
    columns = changelist.list_display

    assert set(changelist.sortable_by) == {"last_seen_at"}
    by_name = context(staff.get(f"/admin/{CUSTOMERS}/?o={columns.index('shown_name')}"))["cl"]
    assert [row.pk for row in by_name.result_list] == [row.pk for row in reversed(people)]
    by_time = f"/admin/{CUSTOMERS}/?o={columns.index('last_seen_at')}"
    found = context(staff.get(by_time))["cl"].result_list
    assert [row.pk for row in found] == [row.pk for row in people]


def test_filters_offer_what_the_newest_rows_hold_and_what_is_chosen(
    staff: Client, people: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "LOOKED_AT", 2)

    def offered(**query: str) -> list[str]:
        specs = context(staff.get(f"/admin/{FUNNELS}/", query))["cl"].filter_specs
        [channel] = [spec for spec in specs if spec.title == "channel"]
        return list(channel.lookup_choices)

    assert offered() == ["ads"]
    assert offered(channel="blast") == ["ads", "blast"]


@on_postgresql
def test_of_a_long_list_no_more_is_counted_than_can_be_turned_to(
    staff: Client, people: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging.CappedPaginator, "counted", 2)
    pages = context(staff.get(f"/admin/{CUSTOMERS}/?opted_out_at__isempty=1"))["cl"].paginator

    assert (pages.count, pages.is_more, pages.num_pages) == (2, True, 1)
    funnels = staff.get(f"/admin/{FUNNELS}/?stage__exact=opening")
    assert "totals" not in context(funnels)
    assert "Add them up" in funnels.content.decode()


@on_postgresql
def test_of_words_that_many_messages_have_the_newest_are_counted(
    staff: Client, people: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging.FoundPaginator, "counted", 3)
    with CaptureQueriesContext(connection) as taken:
        pages = context(staff.get(f"/admin/{MESSAGES}/?q=jadwal"))["cl"].paginator

    assert (pages.count, pages.is_more) == (3, True)
    [counting] = [
        one["sql"] for one in taken if "COUNT(*)" in one["sql"] and "to_tsvector" in one["sql"]
    ]
    assert "LIMIT 4" in counting
    assert "ORDER BY" in counting
    assert context(staff.get(f"/admin/{MESSAGES}/"))["cl"].paginator.count == 8


def test_an_e_mail_address_is_a_key_of_its_customer(staff: Client, people: list[Customer]) -> None:
    CustomerIdentity.objects.create(
        customer=people[1], kind="email", value="old@example.com", first_seen_at=now()
    )
    CustomerIdentity.objects.create(
        customer=people[2], kind="crm", value="ana0@example.com", first_seen_at=now()
    )

    assert names(staff, CUSTOMERS, q="Old@Example.com") == ["Budi Santoso"]
    assert names(staff, CUSTOMERS, q="ana0@example.com") == ["Ana Putri"]


def test_profiles_are_listed_from_both_ends_of_each_order(
    staff: Client, people: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who are alike, too, so that one index serves both; a page's keys are read first."""
    for customer in people:
        CustomerProfile.objects.create(
            customer=customer, customer_since=now(), customer_segment="New", value_tier="none",
            churn_risk="low", build_id=1, total_lifetime_value=0,
        )  # fmt: skip
    keys = [customer.pk for customer in people]
    changelist = context(staff.get(f"/admin/{PROFILES}/?churn_risk__exact=low"))["cl"]

    assert [row.pk for row in changelist.result_list] == keys
    for name in ("total_lifetime_value", "last_purchase_date", "churn_risk_score"):
        [place] = [
            place
            for place, column in enumerate(changelist.list_display)
            if changelist.get_ordering_field(column) == name
        ]
        assert [row.pk for row in rows(staff, PROFILES, o=f"-{place}")] == keys
        assert [row.pk for row in rows(staff, PROFILES, o=place)] == keys[::-1]
    monkeypatch.setattr(StaffAdmin, "list_per_page", 3)
    assert [row.pk for row in rows(staff, PROFILES, p=2)] == keys[3:]


def test_the_form_of_an_export_counts_no_further_than_it_needs(
    staff: Client, people: list[Customer], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.EXPORT_ROWS_AT_ONCE = 2
    monkeypatch.setattr(pages, "COUNTED", 3)
    with CaptureQueriesContext(connection) as taken:
        form = staff.get(f"/admin/{CUSTOMERS}/export/?opted_out_at__isempty=1").content.decode()

    assert "made in the background" in form
    if connection.vendor == "postgresql":
        assert "More than 3 rows" in form
        assert [one for one in taken if "COUNT(*)" in one["sql"] and "LIMIT 4" in one["sql"]]


def test_totals_that_were_asked_for_are_those_of_the_filtered_rows(
    staff: Client, people: list[Customer]
) -> None:
    totals = context(staff.get("/admin/funnels/funnel/totals/?channel=ads"))["totals"]

    assert totals[0][:2] == ("Leads", "3")
    agent = User.objects.create_user("nobody", is_staff=True)
    client = Client()
    client.force_login(agent)
    assert client.get("/admin/funnels/funnel/totals/").status_code == 403


PLANS = {
    "/admin/conversations/room/{room}/change/": "evidence_of_message",
    f"/admin/{CUSTOMERS}/?q=1234560": "customer_phone_parts",
    f"/admin/{CUSTOMERS}/?q=santoso": "customer_name_parts",
    f"/admin/{MESSAGES}/?q=jadwal": "message_words",
    f"/admin/{ROOMS}/?q=Room-1": "room_once_per_external_id",
    f"/admin/{MESSAGES}/?q=m1-1": "message_once_per_external_id",
    f"/admin/{ROOMS}/?priority__exact=1": "room_urgent",
    f"/admin/{FUNNELS}/?is_corrected__exact=1": "funnel_corrected",
    "/admin/conversations/sending/?state__exact=refused": "sending_not_done",
    "/admin/conversations/inboundevent/?q=some-key": "inbound_event_once_per_key",
    "/admin/reviews/review/?q=battery": "review_text_parts",
    "/admin/reviews/review/?moderation__exact=pending": "review_not_published",
    "/admin/audit/auditentry/?q=agent1": "audit_who",
    "/admin/carddata/cardstatus/?status__exact=returned": "card_status_not_delivered",
    "/admin/carddata/cardaccess/?q=somebody": "card_access_who",
    f"/admin/{CUSTOMERS}/?q=ana@example.com": "identity_once_per_value",
    f"/admin/{PROFILES}/?monetary_score=3": "profile_monetary_value",
    f"/admin/{PROFILES}/?churn_risk__exact=high": "profile_churn_value",
    f"/admin/{PROFILES}/?value_tier__exact=low": "profile_tier_value",
    f"/admin/{PROFILES}/?customer_segment=At+risk": "profile_segment_value",
    "/admin/customer360/customerrecord/?q=ana@example.com": "record_email",
    "/admin/customer360/segmentmembership/?standing=left": "segment_membership_left",
    "/admin/reviews/review/?catalogue=unlisted": "review_unlisted",
}


@on_postgresql
def test_searches_and_rare_choices_have_an_index(staff: Client, people: list[Customer]) -> None:
    """What PostgreSQL would do where reading whole tables, or along another index, were too dear."""
    InboundEvent.objects.create(
        source="crm", dedupe_key="one", body=b"{}", headers={}, received_at=now()
    )
    room, missing = people[0].rooms.get().pk, []
    for path, index in PLANS.items():
        address = path.format(room=room)
        with CaptureQueriesContext(connection) as taken:
            assert staff.get(address).status_code in {200, 302}, address
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            plans = []
            # A list of four rows is soonest walked in its own order: it is planned without that, too.
            for walks in ("on", "off"):
                cursor.execute(f"SET LOCAL enable_indexscan = {walks}")
                for query in taken.captured_queries:
                    if query["sql"].startswith("SELECT"):
                        cursor.execute(f"EXPLAIN {query['sql']}")
                        plans.append("\n".join(line for (line,) in cursor.fetchall()))
            cursor.execute("SET LOCAL enable_indexscan = on")
            cursor.execute("SET LOCAL enable_seqscan = on")
        if not any(index in plan for plan in plans):
            missing.append((address, index))
    assert not missing
