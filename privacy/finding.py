"""From what a person calls a customer to the one customer that is meant."""

from django.conf import settings
from django.utils.translation import gettext

from conversations.models import Customer, CustomerIdentity
from funnel_site.lib.phone import PhoneError, normalise_phone

LONGEST_ID = 9
"""Digits up to which a number is a customer's own here, and no phone number."""


class NotOneError(Exception):
    """Nobody is meant, or several are. The message says which."""


def find_customer(who: str) -> Customer:
    """The customer of a phone number in any format, an e-mail address, or their number here.

    Raises NotOneError.
    """
    text = who.strip()
    found = _candidates(text)
    if not found:
        raise NotOneError(gettext("No customer is known as %(text)s.") % {"text": text})
    if len(found) > 1:
        keys = ", ".join(str(customer.pk) for customer in found)
        raise NotOneError(
            gettext("Several customers are known as %(text)s: choose one of %(keys)s.")
            % {"text": text, "keys": keys}
        )
    return found[0]


def _candidates(text: str) -> list[Customer]:
    if "@" in text:
        return list(Customer.objects.filter(email__iexact=text).order_by("pk")[:3])
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID and not text.startswith("0"):
        return list(Customer.objects.filter(pk=int(text)))
    try:
        phone = normalise_phone(text, settings.PHONE_REGION)
    except PhoneError as error:
        raise NotOneError(
            gettext("%(text)s is no phone number, e-mail address or customer number.")
            % {"text": text}
        ) from error
    held = CustomerIdentity.objects.filter(kind=CustomerIdentity.Kind.PHONE, value=phone)
    return [identity.customer for identity in held.select_related("customer")]
