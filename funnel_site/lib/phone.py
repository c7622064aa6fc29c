"""Phone numbers to one canonical E.164 spelling, once, on the way in."""

import re
import unicodedata
from functools import lru_cache

import phonenumbers

LONGEST_INPUT = 64
PREFIX = re.compile(r"^(whatsapp|sms|tel):", re.IGNORECASE)
ALLOWED = re.compile(r"\+?[0-9 ().\-/\u00a0\u2010-\u2015]+")


class PhoneError(ValueError):
    """The text is no phone number. The message says why, without the text."""


@lru_cache(maxsize=65_536)
def normalise_phone(text: str, region: str) -> str:
    """The E.164 number that `text` means when dialled in `region` (ISO 3166, two letters).

    A number whose length is possible for its country is taken, also where its prefix is not
    assigned yet: ranges open faster than tables are updated. Raises PhoneError.
    """
    if len(text) > LONGEST_INPUT:
        raise PhoneError("This is too long for a phone number.")
    plain = _plain(text)
    if not ALLOWED.fullmatch(plain):
        raise PhoneError("This is not a phone number.")
    number = _parse(plain, region)
    if not phonenumbers.is_possible_number(number):
        raise PhoneError("This has too few or too many digits for a phone number.")
    return _one_variant(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _plain(text: str) -> str:
    """Without the channel's prefix, invisible characters and full-width forms."""
    text = "".join(
        one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf"
    )
    return PREFIX.sub("", text.strip()).strip()


def _parse(plain: str, region: str) -> phonenumbers.PhoneNumber:
    code = str(phonenumbers.country_code_for_region(region))
    digits = re.sub(r"[^0-9]", "", plain)
    if not 8 <= len(digits) <= 16:
        raise PhoneError("This has too few or too many digits for a phone number.")
    spellings = [plain]
    if not plain.startswith("+") and digits.startswith(code) and len(digits) >= len(code) + 8:
        spellings.insert(0, f"+{digits}")
    for spelling in spellings:
        try:
            number = phonenumbers.parse(spelling, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return number
    raise PhoneError("This is not a phone number.")


def _one_variant(number: str) -> str:
    """Fold the national variants that WhatsApp and people use side by side into one.

    Mexico and Argentina: the mobile mark (1, 9) after the country code is left out, as it is not
    part of the subscriber's number. Brazil: mobiles of the old eight digits get their ninth.
    """
    if number.startswith("+521") and len(number) == 14:
        return f"+52{number[4:]}"
    if number.startswith("+549") and len(number) == 14:
        return f"+54{number[4:]}"
    if number.startswith("+55") and len(number) == 13 and number[5] in "6789":
        return f"{number[:5]}9{number[5:]}"
    return number


def mask_phone(number: str) -> str:
    """All but the last four digits hidden, for logs and lesser roles."""
    return f"{'*' * max(len(number) - 4, 0)}{number[-4:]}" if number else ""


def phone_search_digits(text: str) -> str:
    """The digits to look for in E.164 numbers when staff type a number in any format.

    >>> phone_search_digits("0812-3456")
    '8123456'
    """
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))
    return digits.lstrip("0")
