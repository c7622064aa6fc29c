"""The sidebar: every link opens, and the one that is marked is where one stands."""

import pytest
from django.test import Client, RequestFactory

from conversations.models import Customer
from funnel_site.navigation import sidebar
from tests.funnel_site.world import ROLES, enter, make_world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ROLES)
def test_every_link_that_a_role_is_shown_opens(role: str) -> None:
    make_world()
    client, _ = enter(role)
    shown = client.get("/admin/account/")
    wrong = [
        f"{item['title']}: {status}"
        for section in sidebar(shown.wsgi_request)
        for item in section["items"]
        if (status := client.get(str(item["link"])).status_code) not in (200, 302)
    ]
    assert not wrong


def test_a_customers_page_is_found_and_no_profile(client: Client) -> None:
    make_world()
    client, _ = enter("Support lead")
    page = client.get("/admin/customer360/customerprofile/find/")
    user = page.wsgi_request.user
    marked = {}
    for name, path in (("customer", f"customer/{Customer.objects.latest('pk').pk}/"), ("list", "")):
        request = RequestFactory().get(f"/admin/customer360/customerprofile/{path}")
        request.user = user
        links = [item for section in sidebar(request) for item in section["items"]]
        marked[name] = [str(item["title"]) for item in links if item["active"]]
    assert marked == {"customer": ["Find a customer"], "list": ["Profiles"]}
