"""What the tests of the cards' staff pages share: addresses, lines of a partner's file, signing in."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client
from import_export.formats.base_formats import CSV

from carddata.models import (
    PartnerFile,
)
from carddata.services.files import import_file

ADMIN = "/admin/carddata"
HEADER = "ID ,Card ID,User contact,Timestamp,Comment\n"
GOOD = 'A883,ZYW8827,"""0585949014""",2023-11-13T09:34:56Z,DELIVERED\n'
BAD_TIME = "A884,ZYW8828,0585949015,31-02-2023 10:00,DELIVERED\n"
BAD_PHONE = "A885,ZYW8829,5.45577E+08,2023-11-13T09:34:56Z,DELIVERED\n"
LEFT = "A886,ZYW8830,0585949017,2023-11-13T09:34:56Z,LEFT WITH NEIGHBOUR\n"

CSV_FORMAT = str(settings.IMPORT_EXPORT_FORMATS.index(CSV))


def sign_in(client: Client, *permissions: str) -> User:
    """Sign a member of staff in who has just these permissions."""
    user = User.objects.create_user("-".join(permissions) or "nobody", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="carddata", codename__in=permissions)
    )
    client.force_login(user)
    return user


def imported(tmp_path: Path, text: str, name: str = "delivered.csv") -> PartnerFile:
    """A file of the Delivered partner, gone in."""
    path = tmp_path / name
    path.write_text(text)
    return import_file(path).file


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def messages_of(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])
