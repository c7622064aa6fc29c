"""Twilio's signature: its published vectors, every way to get it wrong, and the doctor's advice."""

from typing import Any

import pytest
from django.http import QueryDict

from conversations.models import InboundEvent, SignatureRefusal
from conversations.twilio_signatures import SignedRequest, is_signed, signed_address
from tests.reviews.conftest import BASE, INBOUND, STATUS, Post
from tests.twilio_posts import ACCOUNT, TOKEN, message_form, pairs_of, signature, status_form

CALL = "CallSid=CA1234567890ABCDE&Caller=%2B{0}&Digits=1234&From=%2B{0}&To=%2B18005551212"
VECTORS = [
    ("https://example.com", CALL.format("14158675310"), "L/OH5YylLD5NRKLltdqwSvS0BnU="),
    ("https://mycompany.com", CALL.format("14158675309"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    (
        "https://mycompany.com",
        "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234",
        "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
    ),
]


@pytest.mark.parametrize(("base", "form", "expected"), VECTORS)
def test_the_published_vectors(base: str, form: str, expected: str) -> None:
    request = SignedRequest(
        path="/myapp.php", query="foo=1&bar=2", params=QueryDict(form), signature=expected
    )

    assert is_signed(request, base_url=base, tokens=["another", "12345"])
    assert not is_signed(request, base_url=base, tokens=["another"])
    assert not is_signed(request, base_url=base, tokens=[])


@pytest.mark.parametrize(("base", "form", "expected"), VECTORS)
def test_our_own_signatures_for_the_tests_are_the_published_ones(
    base: str, form: str, expected: str
) -> None:
    pairs = [(name, value) for name, values in QueryDict(form).lists() for value in values]

    assert signature(f"{base}/myapp.php?foo=1&bar=2", pairs, "12345") == expected


def test_the_signed_address_is_ours_whatever_a_proxy_says() -> None:
    assert (
        signed_address("https://u:p@site.example:8443/app/", "/webhook", "a=%2F")
        == "https://site.example:8443/app/webhook?a=%2F"
    )


@pytest.mark.parametrize(
    ("base", "called"),
    [
        ("https://funnel.example", "https://funnel.example:443"),
        ("https://funnel.example:8443", "https://funnel.example:8443"),
        ("http://funnel.example", "http://funnel.example:80"),
        ("https://funnel.example/app", "https://funnel.example/app"),
        ("https://user:secret@funnel.example", "https://funnel.example"),
    ],
)
def test_ports_and_prefixes_of_the_public_address(
    post: Post, settings: Any, base: str, called: str
) -> None:
    settings.PUBLIC_BASE_URL = base

    assert post(message_form(), url=f"{called}{INBOUND}").status_code == 200


def test_the_query_is_signed_byte_for_byte(post: Post) -> None:
    assert post(message_form(), query="b=%2F+x&a=").status_code == 200
    assert post(message_form(), query="b=1", url=f"{BASE}{INBOUND}").status_code == 403


def test_headers_of_a_proxy_change_nothing(post: Post) -> None:
    headers = {
        "X-Forwarded-Host": "evil.example, other.example",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Port": "8080",
    }

    assert post(message_form(), **headers).status_code == 200


FORGERIES: dict[str, dict[str, Any]] = {
    "missing": {"signed": ""},
    "nonsense": {"signed": "nonsense"},
    "twice": {"signed": "a=,b="},
    "not ascii": {"signed": "\u00e9" * 28},
    "very long": {"signed": "A" * 5_000},
    "another token": {"token": "another"},
    "empty token": {"token": ""},
    "another host": {"url": f"https://evil.example{INBOUND}"},
    "another scheme": {"url": f"http://funnel.example{INBOUND}"},
    "another port": {"url": f"https://funnel.example:8443{INBOUND}"},
    "another path": {"url": f"{BASE}{STATUS}"},
    "trailing slash": {"url": f"{BASE}{INBOUND}/"},
    "another body": {
        "body": b"From=whatsapp%3A%2B628123456789&Body=hi&AccountSid=" + ACCOUNT.encode()
    },
}


@pytest.mark.parametrize("name", FORGERIES)
@pytest.mark.parametrize("path", [INBOUND, STATUS])
def test_a_forgery_is_refused_and_leaves_nothing(post: Post, path: str, name: str) -> None:
    given = dict(FORGERIES[name])
    if path == STATUS:
        if name == "another path":
            given["url"] = f"{BASE}{INBOUND}"
        elif name == "trailing slash":
            given["url"] = f"{BASE}{STATUS}/"
    form = message_form() if path == INBOUND else status_form("SM" + "0" * 32, "sent")

    response = post(form, path=path, **given)

    assert (response.status_code, response.content) == (403, b"")
    assert not InboundEvent.objects.exists()
    assert SignatureRefusal.objects.get().times == 1


def test_an_empty_token_refuses_what_is_signed_with_it(post: Post, settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = ""

    assert post(message_form(), token="").status_code == 403
    assert post(message_form(), token=TOKEN).status_code == 403
    assert not InboundEvent.objects.exists()


def test_the_token_is_found_by_account(post: Post, settings: Any) -> None:
    other = "AC" + "f" * 32
    settings.TWILIO_AUTH_TOKENS = [(other, "token-of-the-other"), (ACCOUNT, "the-new-token")]

    assert post(message_form(AccountSid=other), token="token-of-the-other").status_code == 200
    assert post(message_form(), token="the-new-token").status_code == 200
    assert post(message_form(), token=TOKEN).status_code == 200
    assert post(message_form(AccountSid=other), token=TOKEN).status_code == 403
    assert post(message_form(AccountSid="AC" + "e" * 32)).status_code == 403


def test_a_form_whose_fields_were_melted_together_has_no_effect(post: Post) -> None:
    """Twilio's scheme signs no separators: this form has the signature of the honest one."""
    honest = message_form("hi")
    sender = honest.pop("From")
    melted = {**honest, "Body": f"hiFrom{sender}"}
    signed = signature(f"{BASE}{INBOUND}", pairs_of({**honest, "From": sender}))

    response = post(melted, signed=signed)

    assert response.status_code == 200
    assert InboundEvent.objects.get().error_code == "required"


ADVICE = [
    (f"http://funnel.example{INBOUND}", {}, "PUBLIC_BASE_URL began with http://"),
    (f"{BASE}{INBOUND}/", {}, "the path called ended with /"),
    (f"{BASE}/{INBOUND}", {}, "as if PUBLIC_BASE_URL ended without /"),
    (
        f"https://tunnel.example{INBOUND}",
        {"X-Forwarded-Host": "tunnel.example"},
        "PUBLIC_BASE_URL were https://tunnel.example (the X-Forwarded-Host of the request)",
    ),
    (
        f"http://testserver{INBOUND}",
        {"Host": "testserver"},
        "PUBLIC_BASE_URL were http://testserver",
    ),
]


@pytest.mark.parametrize(("url", "headers", "advice"), ADVICE)
def test_the_doctor_says_what_is_wrong_and_lets_nothing_in(
    post: Post, url: str, headers: dict[str, str], advice: str
) -> None:
    assert post(message_form(), url=url, **headers).status_code == 403
    assert post(message_form(), url=url, **headers).status_code == 403

    refusal = SignatureRefusal.objects.get()
    assert advice in refusal.advice
    assert refusal.times == 2
    assert not InboundEvent.objects.exists()


def test_the_doctor_recognises_another_accounts_token(post: Post, settings: Any) -> None:
    settings.TWILIO_AUTH_TOKENS = [("AC" + "f" * 32, "token-of-the-other")]

    assert post(message_form(), token="token-of-the-other").status_code == 403
    assert "another account" in SignatureRefusal.objects.get().advice


def test_a_hostile_host_header_does_not_trouble_the_doctor(post: Post) -> None:
    response = post(message_form(), signed="x" * 28, **{"X-Forwarded-Host": "[::1"})

    assert response.status_code == 403
