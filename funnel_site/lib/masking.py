"""What a member of staff sees of people: their names and numbers, or what is left of them.

The viewer of a request is known to this module for as long as the request lasts. Commands, workers
and machines with a key have no viewer and see all. Who may see people in full holds the permission
SEE_CONTACTS; everybody else sees the last four digits of a number and the first letters of a name.
Numbers are in full for those who hold SEE_PHONES besides; the others have one shown at a time, with a
reason (`funnel_site.access.reveal`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from funnel_site.lib.phone import mask_phone
from funnel_site.lib.problems import Problem

SEE_CONTACTS = "conversations.see_contacts"
EXPORT_CONTACTS = "conversations.export_contacts"
SEE_PHONES = "conversations.see_phones"
DIGITS_SHOWN = 4
HIDDEN = "(hidden)"

_request: ContextVar[Any] = ContextVar(
    "the request whose viewer decides what is shown", default=None
)


@contextmanager
def seen_by(request: Any) -> Iterator[None]:
    """Within, texts are shown as the request's user may see them.

    Anything with a `user` will do: a background job passes an object that holds whom it works for.
    """
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def viewer() -> Any:
    """The member of staff whom something is shown to; None for machines and commands."""
    user = getattr(_request.get(), "user", None)
    return user if getattr(user, "is_staff", False) else None


def current_request() -> Any:
    """The request that is being answered; None outside of one."""
    return _request.get()


@dataclass(frozen=True, slots=True)
class Taking:
    """To be given to `seen_by` while a file is made for a member of staff, in place of the request.

    `is_in_full` is for a file that a second person has confirmed (`funnel_site.exports`).
    """

    user: Any
    is_for_a_file: bool = True
    is_in_full: bool = False


def may_export_unmasked(user: Any) -> bool:
    """Whether this person may have files that say who people are: each one with a second person.

    To see people on a page is not enough to carry them off.
    """
    return bool(user.has_perms((SEE_CONTACTS, SEE_PHONES, EXPORT_CONTACTS)))


def _hides_in_file(user: Any) -> bool:
    """A file is masked unless it is one that was confirmed, for who may still have it."""
    return not (getattr(_request.get(), "is_in_full", False) and may_export_unmasked(user))


def is_masked() -> bool:
    """Whether the viewer may not see names, numbers and messages."""
    user = viewer()
    if user is None:
        return False
    if getattr(_request.get(), "is_for_a_file", False):
        return _hides_in_file(user)
    return not user.has_perm(SEE_CONTACTS)


def hides_phones() -> bool:
    """Whether the viewer sees numbers by their last digits alone."""
    user = viewer()
    if user is None:
        return False
    if getattr(_request.get(), "is_for_a_file", False):
        return _hides_in_file(user)
    return not user.has_perms((SEE_CONTACTS, SEE_PHONES))


def masked_phone(text: str) -> str:
    """The last four digits of a number, without a prefix.

    >>> masked_phone("+628123456789"), masked_phone("whatsapp:+15550101"), masked_phone("")
    ('*********6789', '*****0101', '')
    """
    return mask_phone(text.removeprefix("whatsapp:"))


def masked_name(text: str) -> str:
    """The first letter of each part of a name; a number that stands for a name as a number.

    >>> masked_name("Ana Putri"), masked_name("+628123456789"), masked_name("")
    ('A. P.', '*********6789', '')
    """
    if sum(letter.isdigit() for letter in text) > DIGITS_SHOWN:
        return masked_phone(text)
    return " ".join(f"{part[0]}." for part in text.split())


def masked_key(text: str) -> str:
    """A key of a customer: a number is masked as a number, anything else as a name where names are."""
    if sum(letter.isdigit() for letter in text) > DIGITS_SHOWN:
        return masked_phone(text)
    return masked_name(text) if is_masked() else text


def masked_email(text: str) -> str:
    """The first letter of an address.

    >>> masked_email("ana@example.com")
    'a…@…'
    """
    return f"{text[0]}…@…" if text else ""


def _nothing(text: str) -> str:
    return HIDDEN if text else ""


Mask = Callable[[str], str]

# The fields that say who a person is or what they said, by model; the one list of them.
PERSONAL: dict[str, dict[str, Mask]] = {
    "conversations.customer": {
        "name": masked_name,
        "phone_number": masked_phone,
        "email": masked_email,
    },
    "conversations.customeridentity": {"value": masked_key},
    "conversations.identitychange": {"value": masked_key},
    "conversations.message": {"body": _nothing},
    "conversations.consent": {"words": _nothing},
    "conversations.inboundevent": {"body": _nothing, "headers": _nothing},
    "conversations.room": {"reply_address": masked_phone},
    "conversations.sending": {"to_address": masked_phone},
    "reviews.review": {"contact_number": masked_phone, "user_name": masked_name},
    "carddata.cardstatus": {"contact": masked_phone},
    "carddata.cardevent": {"contact": masked_phone},
    "customer360.customerrecord": {
        "first_name": masked_name,
        "last_name": masked_name,
        "email": masked_email,
        "phone_number": masked_phone,
        "phone_text": masked_phone,
        "date_of_birth": _nothing,
    },
}
# The columns of files and answers that hold such fields.
COLUMNS: dict[str, Mask] = {
    "phone_number": masked_phone,
    "contact_number": masked_phone,
    "user_contact": masked_phone,
    "name": masked_name,
    "user_name": masked_name,
    "first_name": masked_name,
    "last_name": masked_name,
    "email": masked_email,
    "date_of_birth": _nothing,
    "message": _nothing,
}


PHONE_MASKS = (masked_phone, masked_key)


def hides(mask: Mask) -> bool:
    """Whether the viewer is shown what is left by this mask, and not the field itself."""
    return is_masked() or (mask in PHONE_MASKS and hides_phones())


def shown_phone(text: str) -> str:
    return masked_phone(text) if hides_phones() else text


def shown_name(text: str) -> str:
    return masked_name(text) if is_masked() else text


def shown_email(text: str) -> str:
    return masked_email(text) if is_masked() else text


def shown_words(text: str) -> str:
    """What a customer said; nothing of it for those who may not see people."""
    return _nothing(text) if is_masked() else text


def shown_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of an answer with its personal columns as the viewer may see them."""
    if not hides_phones():
        return row
    return {
        name: COLUMNS[name](str(value))
        if value and name in COLUMNS and hides(COLUMNS[name])
        else value
        for name, value in row.items()
    }


def personal_fields(model: type[models.Model]) -> dict[str, Mask]:
    """The model's fields that are masked, by name."""
    return PERSONAL.get(model._meta.label_lower, {})


def hidden_fields(model: type[models.Model]) -> dict[str, Mask]:
    """The model's fields that this viewer sees masked, by name."""
    return {name: mask for name, mask in personal_fields(model).items() if hides(mask)}


def names_a_person(model: type[models.Model], lookup: str) -> bool:
    """Whether a lookup as `customer__phone_number__startswith` asks for what the viewer may not see."""
    current: Any = model
    for part in lookup.lstrip("=^@").split("__"):
        if part in hidden_fields(current):
            return True
        try:
            current = current._meta.get_field(part).related_model
        except FieldDoesNotExist:
            return False
        if current is None:
            return False
    return False


def refuse_search_by_person(parameter: str) -> None:
    """Raise Problem where the viewer may not see people: to be found is to be seen."""
    if is_masked():
        raise Problem(403, "masked", "Your role does not search by person.", field=parameter)
