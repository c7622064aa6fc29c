"""The second factor of a member of staff: a TOTP app (RFC 6238) and recovery codes.

Both are django-otp's devices. A TOTP device counts once a code of it was entered; a code works once.
"""

import io
import secrets
from typing import Any, cast

import segno
from django.db import transaction
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

APP, RECOVERY = "authenticator app", "recovery codes"
CODES = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 10


def has_second_factor(user: Any) -> bool:
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def device_for(user: Any, token: str) -> Any:
    """Which of their devices a code is for: six digits are the app's, all else a recovery code."""
    token = token.strip()
    model = TOTPDevice if token.isdigit() and len(token) == 6 else StaticDevice
    return model.objects.filter(user=user, confirmed=True).order_by("pk").first()


def begin(user: Any) -> TOTPDevice:
    """The device that is being set up: the same one however often the page is opened."""
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": APP})
    return cast("TOTPDevice", device)


def picture(device: TOTPDevice) -> str:
    """The device's address as a QR code, as the value of an img's src."""
    return segno.make(device.config_url, micro=False).png_data_uri(scale=5, border=3)


def secret_text(device: TOTPDevice) -> str:
    """The secret for typing, in groups of four."""
    address = str(device.config_url)
    secret = address.partition("secret=")[2].partition("&")[0]
    groups = io.StringIO(secret)
    return " ".join(iter(lambda: groups.read(4), ""))


@transaction.atomic
def confirm(user: Any, token: str) -> list[str]:
    """Make the device count, if the code is right; returns new recovery codes, else an empty list."""
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
    if device is None or not device.verify_is_allowed()[0] or not device.verify_token(token):
        return []
    TOTPDevice.objects.filter(user=user, confirmed=True).delete()
    device.confirmed = True
    device.save()
    return new_codes(user)


@transaction.atomic
def new_codes(user: Any) -> list[str]:
    """Ten recovery codes in place of the old ones, each for one sign-in. Shown once."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=RECOVERY)
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=code) for code in codes])
    return codes


def codes_left(user: Any) -> int:
    return int(StaticToken.objects.filter(device__user=user).count())


@transaction.atomic
def remove(user: Any) -> None:
    """Back to the password alone."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def is_right(user: Any, token: str) -> bool:
    """Whether this is a code of theirs now; a recovery code is used up by it."""
    device = device_for(user, token)
    return bool(device and device.verify_is_allowed()[0] and device.verify_token(token.strip()))
