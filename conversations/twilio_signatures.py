"""Is this request Twilio's? And if not, what about our set-up would have to be different?

Source: Twilio, "Security": X-Twilio-Signature is the HMAC-SHA1 of the address that Twilio was told
to call and the sorted parameters. The check is twilio's own RequestValidator. The doctor only
explains: nothing that it finds lets a request in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from twilio.request_validator import RequestValidator

from funnel_site.lib.marking import marked

LONGEST_SIGNATURE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """What a signature is about, and the proxies' words that only the doctor looks at."""

    path: str
    query: str
    params: Any
    """The form: a mapping with `getlist`, or a plain one."""
    signature: str
    host: str = ""
    forwarded_host: str = ""
    forwarded_proto: str = ""


def signed_address(base_url: str, path: str, query: str) -> str:
    """The address that Twilio called, by our settings alone: no header has a say.

    >>> signed_address("https://user:pass@example.com/app/", "/webhook", "a=1")
    'https://example.com/app/webhook?a=1'
    """
    parts = urlsplit(base_url)
    netloc = parts.netloc.rpartition("@")[2]
    base = urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
    return f"{base}{path}?{query}" if query else f"{base}{path}"


def is_signed(request: SignedRequest, *, base_url: str, tokens: Sequence[str]) -> bool:
    """Whether one of the tokens signed this. No token, or an empty one, signs nothing."""
    signature = request.signature
    if not signature or len(signature) > LONGEST_SIGNATURE or not signature.isascii():
        return False
    address = signed_address(base_url, request.path, request.query)
    return any(
        RequestValidator(token).validate(address, request.params, signature)
        for token in tokens
        if token
    )


def explain(
    request: SignedRequest,
    *,
    base_url: str,
    tokens: Sequence[str],
    other_tokens: Sequence[str] = (),
) -> str:
    """Why a request was refused, in words for the one who sets the site up."""
    if not request.signature:
        return marked(
            "It has no X-Twilio-Signature: it does not come from Twilio, or a proxy drops the header."
        )
    if not any(tokens):
        return marked(
            "No token is set for its account: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN."
        )
    for words, address in _other_addresses(request, base_url):
        if _matches(request, address, tokens):
            return marked("It would match if %(words)s.", words=words)
    address = signed_address(base_url, request.path, request.query)
    if _matches(request, address, other_tokens):
        return marked(
            "It would match the token of another account: its AccountSid is not the one that signed."
        )
    return marked(
        "No set-up that we know of matches: the token is another one, or something on the way changed the form or the address."
    )


def _matches(request: SignedRequest, address: str, tokens: Sequence[str]) -> bool:
    try:
        return any(
            RequestValidator(token).validate(address, request.params, request.signature)
            for token in tokens
            if token
        )
    except ValueError:
        # A Host header that is no host.
        return False


def _other_addresses(request: SignedRequest, base_url: str) -> Iterator[tuple[str, str]]:
    """Addresses that a usual mistake in the set-up would have had signed, and the mistake."""
    base = base_url.rstrip("/")
    parts = urlsplit(base)
    root = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    other_scheme = "http" if parts.scheme == "https" else "https"
    swapped = urlunsplit((other_scheme, parts.netloc, parts.path, "", ""))
    path, query = request.path, request.query
    tail = f"?{query}" if query else ""
    yield (
        marked("the address given to Twilio had one / less, as if PUBLIC_BASE_URL ended without /"),
        f"{base}/{path}{tail}",
    )
    turned = path.rstrip("/") if path.endswith("/") else f"{path}/"
    ending = (
        marked("the path called ended without / (a proxy changes it)")
        if path.endswith("/")
        else marked("the path called ended with / (a proxy changes it)")
    )
    yield ending, f"{base}{turned}{tail}"
    yield (
        marked("PUBLIC_BASE_URL began with %(scheme)s://", scheme=other_scheme),
        f"{swapped}{path}{tail}",
    )
    if parts.path:
        yield marked("PUBLIC_BASE_URL were %(address)s", address=root), f"{root}{path}{tail}"
    if query:
        yield marked("the address had no query (a proxy adds it)"), f"{base}{path}"
    for name, host in (("Host", request.host), ("X-Forwarded-Host", request.forwarded_host)):
        host = host.split(",")[0].strip()
        if not host or host == parts.netloc or not host.isprintable():
            continue
        schemes = dict.fromkeys(
            [parts.scheme, request.forwarded_proto.split(",")[0].strip() or other_scheme]
        )
        for scheme in schemes:
            if scheme in ("http", "https"):
                found = f"{scheme}://{host}"[:200]
                yield (
                    marked(
                        "PUBLIC_BASE_URL were %(address)s (the %(header)s of the request)",
                        address=f"{found}{parts.path}",
                        header=name,
                    ),
                    f"{found}{parts.path}{path}{tail}",
                )
