"""Signing in: the second factor, recovery codes, sessions that end, headers, keys of one's own."""

import time
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessLog
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.timezone import now
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from funnel_site.access.models import ApiKey
from funnel_site.access.second_factor import begin, confirm, new_codes

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
LOGIN = "/admin/login/"
ACCOUNT = "/admin/access/apikey/account/"


@pytest.fixture
def user() -> User:
    return User.objects.create_user("sari", password=PASSWORD, is_staff=True)


@pytest.fixture
def codes(user: User) -> list[str]:
    """The recovery codes of a user whose second factor is on; the app's present code is unused."""
    device = begin(user)
    found = confirm(user, f"{totp(device.bin_key):06d}")
    TOTPDevice.objects.update(last_t=-1)
    return found


def code_of(user: User) -> str:
    return f"{totp(TOTPDevice.objects.get(user=user, confirmed=True).bin_key):06d}"


def sign_in(token: str = "", password: str = PASSWORD) -> Client:
    client = Client()
    client.post("/admin/login/", {"username": "sari", "password": password, "otp_token": token})
    return client


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_without_a_second_factor_the_password_is_enough(user: User) -> None:
    assert is_in(sign_in())
    assert not is_in(sign_in(password="wrong"))


def test_with_one_the_password_alone_signs_nobody_in(user: User, codes: list[str]) -> None:
    assert not is_in(sign_in())
    assert is_in(sign_in(code_of(user)))


def test_a_code_works_once(user: User, codes: list[str]) -> None:
    code = code_of(user)
    assert is_in(sign_in(code))

    assert not is_in(sign_in(code))


def test_a_recovery_code_works_once(user: User, codes: list[str]) -> None:
    assert len(codes) == 10
    assert is_in(sign_in(codes[0]))

    assert not is_in(sign_in(codes[0]))
    # A wrong code makes the next one wait.
    StaticDevice.objects.update(throttling_failure_count=0)
    assert is_in(sign_in(f" {codes[1]} "))


def test_after_a_wrong_code_the_next_one_has_to_wait(user: User, codes: list[str]) -> None:
    assert not is_in(sign_in("000000" if code_of(user) != "000000" else "000001"))

    assert not is_in(sign_in(code_of(user))), "even the right one"


def test_another_ones_code_is_no_code(user: User, codes: list[str]) -> None:
    other = User.objects.create_user("budi", password=PASSWORD, is_staff=True)
    device = begin(other)
    theirs = confirm(other, f"{totp(device.bin_key):06d}")

    assert not is_in(sign_in(theirs[0]))


def test_the_account_page_turns_it_on_and_off(user: User) -> None:
    client = sign_in()
    page = client.get(ACCOUNT)
    assert "data:image/png;base64" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    secret = begin(user)
    assert not TOTPDevice.objects.filter(confirmed=True).exists()

    answer = client.post(f"{ACCOUNT}confirm/", {"token": f"{totp(secret.bin_key):06d}"})

    assert "Your recovery codes" in answer.content.decode()
    assert TOTPDevice.objects.get(user=user).confirmed
    client.post(f"{ACCOUNT}remove/", {"token": "nonsense"})
    assert TOTPDevice.objects.exists()
    client.post(f"{ACCOUNT}remove/", {"token": new_codes(user)[0]})
    assert not TOTPDevice.objects.exists()


def test_where_it_is_required_staff_are_led_to_it(user: User, settings: Any) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    client: Any = sign_in()

    assert client.get("/admin/").url == ACCOUNT
    assert client.get(ACCOUNT).status_code == 200


@pytest.mark.parametrize(("key", "minutes"), [("signed_in_at", 8 * 60), ("last_done_at", 30)])
def test_a_session_ends(user: User, key: str, minutes: int) -> None:
    client = sign_in()
    assert is_in(client)
    session = client.session
    session[key] = int(time.time()) - minutes * 60
    session.save()

    assert not is_in(client)


def test_what_a_page_asks_by_itself_does_not_prolong_a_session(user: User) -> None:
    client = sign_in()
    client.get("/admin/")
    session = client.session
    earlier = session["last_done_at"] = int(time.time()) - 600
    session.save()

    client.get("/admin/", headers={"Sec-Fetch-Mode": "cors"})
    assert client.session["last_done_at"] == earlier
    client.get("/admin/", headers={"Sec-Fetch-Mode": "navigate"})
    assert client.session["last_done_at"] > earlier


def test_ten_wrong_passwords_lock_the_door(user: User) -> None:
    for _ in range(10):
        sign_in(password="wrong")

    assert not is_in(sign_in())


def test_every_answer_carries_the_safety_headers(client: Client) -> None:
    headers = client.get("/admin/login/").headers

    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    script = headers["Content-Security-Policy"].partition("script-src")[2].partition(";")[0]
    assert "unsafe-inline" not in script


def test_a_key_of_ones_own_does_what_its_owner_may_and_no_more(user: User) -> None:
    view = Permission.objects.get(codename="view_review")
    user.user_permissions.add(view)
    client = sign_in()
    refused = client.post(f"{ACCOUNT}keys/", {"name": "mine", "scopes": ["profiles"]})
    assert refused.status_code == 200
    assert not ApiKey.objects.exists()
    page = client.post(f"{ACCOUNT}keys/", {"name": "mine", "scopes": ["reviews"]}).content.decode()
    secret = page.partition('id="new-key">')[2].partition("<")[0]
    headers = {"Authorization": f"Api-Key {secret}"}
    assert Client().get("/api/reviews", headers=headers).status_code == 200

    user.user_permissions.remove(view)
    assert Client().get("/api/reviews", headers=headers).status_code == 403
    user.user_permissions.add(view)
    client.post(f"{ACCOUNT}keys/{ApiKey.objects.get().pk}/revoke/")
    assert Client().get("/api/reviews", headers=headers).status_code == 401


def test_nobody_revokes_anothers_key(user: User) -> None:
    other = User.objects.create_user("budi", is_staff=True)
    key, _ = ApiKey.objects.create_key(name="theirs", scopes=["cards"], owner=other)

    sign_in().post(f"{ACCOUNT}keys/{key.pk}/revoke/")

    key.refresh_from_db()
    assert not key.revoked


def test_a_key_is_rotated_without_a_gap(user: User) -> None:
    user.user_permissions.add(Permission.objects.get(codename="view_review"))
    client = sign_in()

    def secret_of(answer: Any) -> str:
        return str(answer.content.decode().partition('id="new-key">')[2].partition("<")[0])

    def answers(secret: str) -> int:
        return (
            Client().get("/api/reviews", headers={"Authorization": f"Api-Key {secret}"}).status_code
        )

    form = {"name": "mine", "scopes": ["reviews"], "days": "30"}
    first = secret_of(client.post(f"{ACCOUNT}keys/", form))
    old = ApiKey.objects.get()
    assert old.expiry_date is not None
    assert timedelta(days=29) < old.expiry_date - now() <= timedelta(days=30)

    second = secret_of(client.post(f"{ACCOUNT}keys/{old.pk}/rotate/"))

    assert [answers(first), answers(second)] == [200, 200]
    old.refresh_from_db()
    assert old.expiry_date - now() <= timedelta(hours=24)
    new = ApiKey.objects.exclude(pk=old.pk).get()
    assert (new.name, new.scopes, new.owner) == ("mine", ["reviews"], user)
    ApiKey.objects.filter(pk=old.pk).update(expiry_date=now())
    assert [answers(first), answers(second)] == [401, 200]
    dead = client.post(f"{ACCOUNT}keys/{old.pk}/rotate/", follow=True)
    assert "does not work any more" in dead.content.decode()


@pytest.mark.parametrize(
    ("proxies", "last", "is_locked"), [(0, "", True), (1, ", 198.51.100.7", True), (1, "", False)]
)
def test_the_lock_is_not_dodged_by_a_forged_header(
    user: User, settings: Any, proxies: int, last: str, is_locked: bool
) -> None:
    """Without a proxy the header is anybody's word; with one its last part is the proxy's own."""
    settings.PROXY_COUNT = proxies
    for number in range(10):
        header = {"X-Forwarded-For": f"203.0.113.{number}{last}"}
        Client().post(LOGIN, {"username": "sari", "password": "x"}, headers=header)

    client = Client()
    other = {"X-Forwarded-For": f"203.0.113.99{last}"}
    client.post(LOGIN, {"username": "sari", "password": PASSWORD}, headers=other)
    assert is_in(client) != is_locked


def test_sign_ins_are_found_by_the_beginning_of_a_name_or_a_whole_address(
    admin_client: Client,
) -> None:
    for name, address in (("sari", "10.0.0.1"), ("sarah", "10.0.0.2"), ("budi", "2001:db8::7")):
        AccessLog.objects.create(username=name, ip_address=address, user_agent="sari's browser")

    for term, found in (
        ("sar", {"sari", "sarah"}), ("10.0.0.2", {"sarah"}), ("2001:DB8:0::7", {"budi"}),
        ("10.0.0", set()), ("browser", set()), ("%", set()),
    ):  # fmt: skip
        page: Any = admin_client.get("/admin/axes/accesslog/", {"q": term})
        assert {one.username for one in page.context_data["cl"].result_list} == found, term
