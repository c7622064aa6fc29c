"""Who is calling the API: a key in the Authorization header."""

from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from funnel_site.access.models import ApiKey
from funnel_site.access.services import note_use

KEYWORD = "Api-Key"


class KeyHolder(AnonymousUser):
    """The user of a request made with a key: known, but no person."""

    def __init__(self, key: ApiKey) -> None:
        super().__init__()
        self.key = key

    @property
    def is_authenticated(self) -> bool:  # type: ignore[override]
        return True

    def __str__(self) -> str:
        return f"key {self.key.prefix}"


def find_key(header: str) -> ApiKey | None:
    """The usable key of an Authorization header; None where it holds none of our kind.

    Raises AuthenticationFailed for a key that is unknown, revoked or expired.
    """
    word, _, secret = header.strip().partition(" ")
    if word.lower() != KEYWORD.lower():
        return None
    try:
        key = cast("ApiKey", ApiKey.objects.get_from_key(secret.strip()))
    except (ApiKey.DoesNotExist, ValueError) as error:
        raise AuthenticationFailed("The key is not valid.", "invalid_key") from error
    if key.has_expired:
        raise AuthenticationFailed("The key has expired.", "expired_key")
    if key.owner is not None and not key.owner.is_active:
        raise AuthenticationFailed("The key's owner has left.", "invalid_key")
    note_use(key)
    return key


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key …`; sets request.auth to the ApiKey."""

    def authenticate(self, request: Request | HttpRequest) -> tuple[KeyHolder, ApiKey] | None:
        key = find_key(request.headers.get("Authorization", ""))
        return None if key is None else (KeyHolder(key), key)

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The OpenAPI name of this authentication."""

    target_class = ApiKeyAuthentication
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "Authorization"}
