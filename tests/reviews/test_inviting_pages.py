"""Staff pick customers and make campaigns that can be sent."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.module_loading import import_string

from funnel_site.lib import paging
from reviews.models import Campaign, Invitation
from reviews.services.inviting import cancel_waiting, invite_customers, send_invitations
from tests.reviews.making import make_customer

PICK = "/admin/reviews/campaign/invite/"


@pytest.fixture
def inviter(client: Client, db: None) -> Client:
    user = User.objects.create_user("lead", password="x", is_staff=True)
    wanted = ["view_customer", "view_campaign", "add_campaign", "change_campaign", "add_invitation"]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client.force_login(user)
    return client


def test_staff_pick_customers_in_the_list_and_then_the_campaign(
    inviter: Client, campaign: Campaign
) -> None:
    people = [make_customer(number).pk for number in range(1, 4)]
    picked = {"action": "invite", "_selected_action": people[:2]}

    page = inviter.post("/admin/conversations/customer/", picked, follow=True)
    assert "Invite 2 customers to review" in page.content.decode()
    answer = inviter.post(PICK, {"campaign": campaign.pk}, follow=True)

    assert "2 on the list now, 0 were already, 0 left out" in answer.content.decode()
    assert set(campaign.invitations.values_list("customer", flat=True)) == set(people[:2])
    assert "Nobody is picked yet" in inviter.get(PICK).content.decode()


def test_inviting_needs_its_permission(client: Client, campaign: Campaign) -> None:
    user = User.objects.create_user("viewer", password="x", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["view_customer", "change_campaign"])
    )
    client.force_login(user)
    person = make_customer().pk

    client.post(
        "/admin/conversations/customer/", {"action": "invite", "_selected_action": [person]}
    )

    assert client.get(PICK).status_code == 403
    assert not Invitation.objects.exists()


def campaign_form(campaign: Campaign, **changes: str) -> dict[str, Any]:
    return {
        "name": "May",
        "line": campaign.line_id,
        "template": campaign.template_id,
        "values": "{name}\npurchase",
        "per_minute": "60",
        "rest_days": "30",
        "is_active": "on",
        **changes,
    }


def test_a_campaign_is_made_with_a_value_a_line(inviter: Client, campaign: Campaign) -> None:
    inviter.post("/admin/reviews/campaign/add/", campaign_form(campaign))

    made = Campaign.objects.get(name="May")
    assert made.variables == {"1": "{name}", "2": "purchase"}
    assert made.made_by is not None
    page = inviter.get(f"/admin/reviews/campaign/{made.pk}/change/").content.decode()
    assert "{name}\npurchase" in page


WRONG = [
    ({"values": "{name}"}, "Nothing is given for {{2}}"),
    ({"values": ""}, "Nothing is given for {{1}}"),
    ({"values": "a\nb\nc"}, "The template has no place {{3}}"),
    ({"values": "a\nb     b b"}, "many blanks"),
    ({"per_minute": "0"}, "1 to 4,800"),
    ({"per_minute": "4801"}, "1 to 4,800"),
]


@pytest.mark.parametrize(("change", "trouble"), WRONG)
def test_a_campaign_that_could_not_be_sent_is_refused_before_the_first_message(
    inviter: Client, campaign: Campaign, change: dict[str, str], trouble: str
) -> None:
    page = inviter.post("/admin/reviews/campaign/add/", campaign_form(campaign, **change))

    assert trouble in page.content.decode()
    assert Campaign.objects.count() == 1


def test_the_list_says_how_many_a_campaign_has_asked_without_counting_them(
    inviter: Client, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown() -> tuple[str, ...]:
        with CaptureQueriesContext(connection) as taken:
            answer: Any = inviter.get("/admin/reviews/campaign/")
        found = answer.context_data["cl"]
        assert not [query for query in taken if "'sent'" in query["sql"]]
        row, own = found.result_list[0], found.model_admin
        return own.waiting(row), str(row.sent), own.left_out(row)

    invite_customers(campaign=campaign, customers=[make_customer(1).pk, make_customer(2).pk])
    send_invitations()
    people = [make_customer(number).pk for number in range(3, 6)]
    invite_customers(campaign=campaign, customers=people)

    assert shown() == ("3", "2", "0")
    cancel_waiting(campaign=campaign, user=User.objects.get(username="lead"))
    assert shown() == ("0", "2", "3")
    monkeypatch.setattr(paging, "COUNTED_BESIDE", 2)
    assert shown() == ("0", "2", "2+")


def test_what_was_sent_before_the_count_is_counted_by_the_migration(campaign: Campaign) -> None:
    invite_customers(campaign=campaign, customers=[make_customer(1).pk, make_customer(2).pk])
    send_invitations()
    Campaign.objects.update(sent=0)

    for _ in range(2):
        import_string("reviews.migrations.0007_campaigns_count_what_they_sent.count")(apps, None)

    assert Campaign.objects.get().sent == 2
