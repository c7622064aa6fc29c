"""Amounts of money as people write them in chat, Indonesian and English.

Only what is surely an amount is one: an account number, phone number, date, time or code is not,
and a bare number is one only where it is written like money.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

LARGEST = Decimal(10) ** 12
SMALLEST_BARE = 1_000

CURRENCIES = {
    "rp": "IDR",
    "rp.": "IDR",
    "idr": "IDR",
    "rupiah": "IDR",
    "usd": "USD",
    "us$": "USD",
    "$": "USD",
    "aed": "AED",
    "sgd": "SGD",
    "s$": "SGD",
    "myr": "MYR",
    "rm": "MYR",
    "eur": "EUR",
    "€": "EUR",
    "gbp": "GBP",
    "£": "GBP",
    "aud": "AUD",
}
UNITS = {
    "k": 10**3,
    "rb": 10**3,
    "ribu": 10**3,
    "rbu": 10**3,
    "thousand": 10**3,
    "jt": 10**6,
    "juta": 10**6,
    "m": 10**6,
    "mio": 10**6,
    "million": 10**6,
    "miliar": 10**9,
    "milyar": 10**9,
}
SIGN = r"(?P<sign>rp\.?|idr|usd|us\$|aed|sgd|s\$|myr|rm|eur|gbp|aud|\$|€|£)"
NUMBER = (
    r"(?P<number>\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?|\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?"
    r"|\d{1,3}(?: \d{3})+(?![\d])|\d+(?:[.,]\d+)?)"
)
UNIT = r"(?P<unit>ribu|rbu|rb|juta|jt|k|thousand|million|mio|miliar|milyar|m)"
AFTER = r"(?P<after>rupiah|idr|usd|aed|sgd|myr|eur|gbp|aud)"
AMOUNT = re.compile(
    rf"(?<![\w+\-/:.,@#]){SIGN}?\s*{NUMBER}(?:\s?{UNIT}(?![a-z0-9]))?(?:\s?{AFTER}\b)?",
    re.IGNORECASE,
)
# What stands right before a number that is no amount.
NO_AMOUNT_BEFORE = re.compile(
    r"(?:\b(?:rek(?:ening)?|no(?:mor|\.)?|nomer|acc(?:ount)?|a/?n|va|virtual account|bca|bri|bni|mandiri"
    r"|telp|telepon|hp|wa|phone|call|otp|kode|code|pin|order|invoice|inv|resi|id|ref|booking code"
    r"|jam|pukul|pkl|tgl|tanggal|tahun|umur|usia|jl|jalan|blok|gang|rt|rw|kelas|paket|lantai|at)"
    r"|#)\s*(?:number|no\.?|nomor|saya|aku|ku|nya|is|adalah|:|=|-)*\s*$",
    re.IGNORECASE,
)
NO_AMOUNT_AFTER = re.compile(
    r"\s?(?:orang|org|pax|people|person|kali|x\b|hari|minggu|bulan|tahun|jam(?!\s*\d)|menit|%|persen|percent|hours?|days?"
    r"|weeks?|months?|years?|minutes?|am\b|pm\b|th\b|st\b|nd\b|rd\b|anak|murid|siswa|sesi|sessions?|kg|km|cm|gb|mb"
    r"|[-/:.]\d|[-–]\s?\d{3,})",
    re.IGNORECASE,
)
GROUPED = re.compile(r"\d{1,3}(?:[., ]\d{3})+(?:[.,]\d{1,2})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A sum of money and where it stands in the text."""

    value: Decimal
    currency: str
    start: int
    end: int


def read_amounts(text: str, *, currency: str = "IDR") -> list[Amount]:
    """The amounts in a text, in their order; `currency` is meant where none is written."""
    found = []
    for match in AMOUNT.finditer(text):
        amount = _amount(text, match, currency)
        if amount is not None:
            found.append(amount)
    return found


def _amount(text: str, match: re.Match[str], currency: str) -> Amount | None:
    sign = match["sign"] or match["after"] or ""
    number, unit = match["number"], (match["unit"] or "").casefold()
    before, after = text[: match.start()], text[match.end() :]
    if not _is_money(number, unit=unit, sign=sign, before=before, after=after):
        return None
    value = _value(number, unit)
    if value is None or not 0 < value < LARGEST:
        return None
    return Amount(
        value=value,
        currency=CURRENCIES.get(sign.casefold(), currency),
        start=match.start(),
        end=match.end(),
    )


def _is_money(number: str, *, unit: str, sign: str, before: str, after: str) -> bool:
    """Whether a number is written like money: with a currency, a unit, or in groups of three."""
    if re.match(r"[\d]|[.,]\d|[a-z_]", after, re.IGNORECASE) and not after.startswith(("k ", "rb")):
        return False
    if unit == "m" and not sign:
        return False
    if not sign and NO_AMOUNT_BEFORE.search(before[-40:]):
        return False
    if NO_AMOUNT_AFTER.match(after) and not (sign and not re.match(r"\s?%", after)):
        return False
    if sign or unit:
        return not (re.search(r"-\s?$", before) and not before.rstrip("- ").endswith((":", "=")))
    if GROUPED.fullmatch(number):
        return not number.startswith("0") and not re.search(r"[-+]\s?$", before)
    # A bare run of digits: of an account or a phone it would be longer, of a year shorter.
    return (
        number.isdigit()
        and 5 <= len(number) <= 8
        and not number.startswith("0")
        and number.endswith("00")
    )


def _value(number: str, unit: str) -> Decimal | None:
    """The number with its unit: a comma or point before three digits groups, else it is decimal."""
    plain = number.replace(" ", "")
    if GROUPED.fullmatch(number) and not (
        unit and re.fullmatch(r"\d{1,3}[.,]\d{3}", plain) and UNITS[unit] > 10**3
    ):
        plain = _ungrouped(plain)
    else:
        plain = plain.replace(",", ".")
    try:
        value = Decimal(plain) * UNITS.get(unit, 1)
    except InvalidOperation:
        return None
    return value.quantize(Decimal("0.01")) if value % 1 else value.quantize(Decimal(1))


def _ungrouped(number: str) -> str:
    """Without its thousands separators, a decimal comma as a point."""
    last = re.search(r"[.,]\d{1,2}$", number)
    whole, cents = (number[: last.start()], number[last.start() + 1 :]) if last else (number, "")
    whole = re.sub(r"[.,]", "", whole)
    return f"{whole}.{cents}" if cents else whole
