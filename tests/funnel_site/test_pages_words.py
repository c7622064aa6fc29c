"""What pages say where something is amiss or unnamed: in the viewer's language, for people."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client, RequestFactory
from django.utils.translation import override

from conversations.models import Line, RawFile
from funnel_site.lib.problems import server_error
from reviews.models import CatalogueProduct

pytestmark = pytest.mark.django_db
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def agent_of(client: Client) -> User:
    agent = User.objects.create_user("dewi", is_staff=True)
    agent.groups.add(Group.objects.get(name="Support agent"))
    client.force_login(agent)
    return agent


@pytest.mark.parametrize(("address", "status"), [("nowhere/", 404), ("auth/user/", 403)])
def test_staff_get_a_page_and_programs_a_problem(client: Client, address: str, status: int) -> None:
    agent_of(client)

    page = client.get(f"/admin/{address}", headers=BROWSER)
    problem = client.get(f"/admin/{address}")

    assert page.status_code == problem.status_code == status
    assert 'href="/admin/"' in page.content.decode()
    assert problem.json()["status"] == status


def test_a_failure_says_so_without_the_site_around_it(client: Client) -> None:
    request = RequestFactory(headers=BROWSER).get("/admin/")
    request.user = agent_of(client)

    page = server_error(request)

    assert page.status_code == 500
    assert "This failed on our side" in page.content.decode()


def test_a_row_is_called_as_it_is_written(admin_client: Client) -> None:
    product = CatalogueProduct.objects.create(name="iPhone 15", folded="iphone 15")

    page = admin_client.get(f"/admin/reviews/catalogueproduct/{product.pk}/change/")

    assert "IPhone" not in page.content.decode()


def test_a_line_of_a_file_is_not_a_line_of_ours() -> None:
    with override("id"):
        assert str(Line._meta.verbose_name) == "lini"
        assert str(RawFile._meta.get_field("lines").verbose_name) == "baris berkas"
