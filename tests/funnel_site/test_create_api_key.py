"""`create_api_key`: the key alone on standard output, for a script to take."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from funnel_site.access.models import ApiKey

pytestmark = pytest.mark.django_db


def make(*args: str) -> str:
    out = StringIO()
    call_command("create_api_key", *args, stdout=out)
    return out.getvalue()


def test_the_printed_key_opens_what_its_scope_names_and_nothing_else(client: Client) -> None:
    printed = make("Growth team", "--scope", "report")
    headers = {"Authorization": f"Api-Key {printed.strip()}"}
    assert printed == f"{printed.strip()}\n"
    assert client.get("/api/funnel-report", headers=headers).status_code == 200
    refused = client.post(
        "/api/messages/", data="{}", content_type="application/json", headers=headers
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


def test_it_is_kept_as_a_hash(client: Client) -> None:
    secret = make("CRM", "--scope", "ingest", "report").strip()
    key = ApiKey.objects.get(name="CRM")
    assert secret.partition(".")[2] not in key.hashed_key
    assert set(key.scopes) == {"ingest", "report"}


def test_a_revoked_key_is_closed_at_once(client: Client) -> None:
    secret = make("CRM", "--scope", "report").strip()
    ApiKey.objects.update(revoked=True)
    answer = client.get("/api/funnel-report", headers={"Authorization": f"Api-Key {secret}"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("CRM", "--scope", "everything"), "Known: ingest"),
        (("", "--scope", "ingest"), "NAME"),
        (("x" * 51, "--scope", "ingest"), "NAME"),
        (("CRM",), "--scope"),
    ],
)
def test_a_wrong_argument_is_said_and_makes_no_key(args: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        make(*args)
    assert not ApiKey.objects.exists()
