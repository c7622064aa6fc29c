"""Phone numbers to one canonical E.164 spelling, once, on the way in.

The spelling is the customer's identity, not always the address to answer to: an answer goes to
the address as it was received, for some networks still route by the variant folded away here.
"""

import re
import unicodedata
from enum import IntEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

from funnel_site.lib.marking import marked

LONGEST_INPUT = 64
FEWEST_DIGITS = 8
FEWEST_NATIONAL_DIGITS = 8
MOST_DIGITS = 15
SCHEME = re.compile(r"\s*(?:whatsapp|sms|tel)\s*:", re.IGNORECASE)
SPELLING = re.compile(r"[ (\[]*\+?[0-9 ()\[\]./\-\u2010-\u2015\u2212\u30fc]+")
NOT_DIGITS = re.compile(r"[^0-9]+")
MOBILE_KINDS = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


class PhoneError(ValueError):
    """The text is no phone number. The message says why, without the text."""


class Standing(IntEnum):
    """How far a reading of the digits can be believed."""

    UNUSABLE = 0
    POSSIBLE = 1
    VALID = 2
    MOBILE = 3


@lru_cache(maxsize=65_536)
def normalise_phone(text: str, region: str) -> str:
    """The E.164 number that `text` means when dialled in `region` (ISO 3166, two letters).

    A number is taken when its length is possible in its country, assigned or not: ranges open
    faster than tables are updated. It has 8 to 15 digits, 8 of them after the country code except
    where mobile numbers themselves are shorter (Iceland, Brunei). Raises PhoneError.
    """
    spelling = _spelling(text)
    for number, least in _readings(spelling, region.upper()):
        if number is not None and _standing(number) >= least:
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    raise PhoneError(
        marked("This is not a phone number: its digits are too few, too many or misplaced.")
    )


def _spelling(text: str) -> str:
    """Digits, with a leading + where there was one; nothing else."""
    if len(text) > LONGEST_INPUT:
        raise PhoneError(marked("This is too long for a phone number."))
    plain = unicodedata.normalize("NFKC", text)
    if not plain.isascii():
        plain = "".join(one for one in plain if unicodedata.category(one) != "Cf")
    plain = SCHEME.sub("", plain, count=1).strip()
    if not SPELLING.fullmatch(plain):
        raise PhoneError(marked("A phone number has digits, and may have a + before them."))
    digits = NOT_DIGITS.sub("", plain)
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    return f"+{digits}" if "+" in plain else digits


def _readings(spelling: str, region: str) -> list[tuple[PhoneNumber | None, Standing]]:
    """What the digits may mean, the likeliest first, and the standing that each needs.

    Without a +, digits that begin with the region's country code are international. Yet in
    Brazil, India or Italy a mobile number may begin with those digits too: it wins where the
    international reading is in no assigned range. Digits that are no assigned number at home but
    one abroad are taken as the latter: WhatsApp's own ids are written without a +.
    """
    if spelling.startswith("+"):
        return [(_read(spelling, region), Standing.POSSIBLE)]
    national = _read(spelling, region)
    if spelling.startswith("0"):
        return [(national, Standing.POSSIBLE)]
    abroad = _read(f"+{spelling}", region)
    if not spelling.startswith(str(phonenumbers.country_code_for_region(region))):
        return [
            (national, Standing.VALID),
            (abroad, Standing.VALID),
            (national, Standing.POSSIBLE),
        ]
    if abroad is None or not _is_dialable(abroad):
        return [(national, Standing.POSSIBLE)]
    return [
        (abroad, Standing.VALID),
        (national, Standing.MOBILE),
        (abroad, Standing.POSSIBLE),
    ]


def _read(spelling: str, region: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(spelling, region)
        spelled = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        folded = _one_variant(spelled)
        return number if folded == spelled else phonenumbers.parse(folded)
    except phonenumbers.NumberParseException:
        return None


def _standing(number: PhoneNumber) -> Standing:
    if not _has_possible_length(number):
        return Standing.UNUSABLE
    kind = phonenumbers.number_type(number)
    if kind in MOBILE_KINDS:
        return Standing.MOBILE
    return Standing.POSSIBLE if kind == PhoneNumberType.UNKNOWN else Standing.VALID


def _has_possible_length(number: PhoneNumber) -> bool:
    code = number.country_code or 0
    national = len(phonenumbers.national_significant_number(number))
    if not FEWEST_DIGITS <= len(str(code)) + national <= MOST_DIGITS or not _is_dialable(number):
        return False
    return national >= FEWEST_NATIONAL_DIGITS or national in _mobile_lengths(code)


def _is_dialable(number: PhoneNumber) -> bool:
    # A number that can only be dialled inside its town (7 digits in the USA) is of no use here.
    reason = phonenumbers.is_possible_number_with_reason(number)
    return bool(reason == ValidationResult.IS_POSSIBLE)


def _mobile_lengths(country_code: int) -> tuple[int, ...]:
    region = phonenumbers.region_code_for_country_code(country_code)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    return metadata.mobile.possible_length if metadata and metadata.mobile else ()


def _one_variant(number: str) -> str:
    """Fold the national variants that WhatsApp and people use side by side into one.

    Mexico and Argentina: the mobile mark (1, 9) after the country code is left out, for a number
    without it may be a landline, so that it could not be added safely. Brazil: the reverse, for
    only mobiles began with 6 to 9: those of the old eight digits get their ninth.

    >>> _one_variant("+5491112345678"), _one_variant("+551187654321")
    ('+541112345678', '+5511987654321')
    """
    if number.startswith("+521") and len(number) == 14:
        return f"+52{number[4:]}"
    if number.startswith("+549") and len(number) == 14:
        return f"+54{number[4:]}"
    if number.startswith("+55") and len(number) == 13 and number[5] in "6789":
        return f"{number[:5]}9{number[5:]}"
    return number


def national_digits(number: str) -> str:
    """An E.164 number without its country code; other text as it is.

    Country codes are prefix-free (ITU-T E.164), so the first that fits is the one.

    >>> national_digits("+971545576586"), national_digits("+14155550123"), national_digits("")
    ('545576586', '4155550123', '')
    """
    if not number.startswith("+"):
        return number
    for length in (1, 2, 3):
        if int(number[1 : 1 + length] or 0) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return number[1 + length :]
    return number[1:]


def mask_phone(number: str) -> str:
    """All but the last four digits hidden, for logs and lesser roles.

    >>> mask_phone("+628123456789")
    '*********6789'
    """
    shown = number[-4:] if len(number) > 4 else ""
    return "*" * (len(number) - len(shown)) + shown


def phone_search_digits(text: str) -> str:
    """The digits to look for inside E.164 numbers when staff type a number, or a part of one.

    >>> phone_search_digits("0812-3456"), phone_search_digits("+62 (0)812 3456 789")
    ('8123456', '628123456789')
    """
    plain = unicodedata.normalize("NFKC", text)
    digits = NOT_DIGITS.sub("", plain).lstrip("0")
    if "+" in plain:
        try:
            return normalise_phone(f"+{digits}", "").removeprefix("+")
        except PhoneError:
            return digits
    return _one_variant(f"+{digits}").removeprefix("+")
