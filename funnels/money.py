"""Amounts of money as people write them in chat, Indonesian and English.

Only what is surely an amount is one. A currency or a unit (`rb`, `k`, `jt`) makes a number an
amount; a bare number is one only where it is written like money and its neighbours say so.
Account and phone numbers, dates, times, codes, quantities and prices per head are none.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

LARGEST = Decimal(10) ** 12
LARGEST_BARE = Decimal(10) ** 10
"""Without currency or unit; four groups of digits are an address of a machine, not money."""
LONGEST = 20
"""Characters of a number; a longer one is none, and more digits than a Decimal can hold exactly."""
SMALLEST_RUPIAH = 1_000
"""`Rp 150` is a slip of the pen for something else; nothing is sold below a thousand."""

CURRENCIES = {
    "rp": "IDR", "rp.": "IDR", "idr": "IDR", "rupiah": "IDR", "usd": "USD", "us$": "USD", "$": "USD",
    "dolar": "USD", "dollar": "USD", "dollars": "USD", "aed": "AED", "dirham": "AED", "dirhams": "AED",
    "sgd": "SGD", "s$": "SGD", "myr": "MYR", "rm": "MYR", "ringgit": "MYR", "eur": "EUR", "euro": "EUR",
    "euros": "EUR", "€": "EUR", "gbp": "GBP", "£": "GBP", "pounds": "GBP", "aud": "AUD", "inr": "INR", "₹": "INR", "rupees": "INR", "jpy": "JPY", "¥": "JPY",
    "yen": "JPY", "cny": "CNY", "rmb": "CNY", "yuan": "CNY", "thb": "THB", "฿": "THB", "baht": "THB", "php": "PHP",
    "₱": "PHP", "peso": "PHP", "pesos": "PHP", "cad": "CAD", "hkd": "HKD", "sar": "SAR", "riyal": "SAR", "qar": "QAR",
    "krw": "KRW", "₩": "KRW", "won": "KRW", "vnd": "VND", "₫": "VND", "chf": "CHF", "nzd": "NZD",
    "twd": "TWD", "kwd": "KWD", "omr": "OMR", "bhd": "BHD",
}  # fmt: skip
UNITS = {
    "k": 10**3, "rb": 10**3, "ribu": 10**3, "rbu": 10**3, "thousand": 10**3,
    "jt": 10**6, "juta": 10**6, "mio": 10**6, "million": 10**6, "m": 10**6,
    "miliar": 10**9, "milyar": 10**9,
}  # fmt: skip

_CODES = "idr|usd|aed|sgd|myr|eur|gbp|aud|inr|jpy|cny|rmb|thb|php|cad|hkd|sar|qar|krw|vnd|chf|nzd|twd|kwd|omr|bhd"
SIGN = rf"(?P<sign>(?:rp\.?|rm|{_CODES}|us\$|s\$|[$€£₹¥฿₱₩₫])\s?:?\s?)"
NUMBER = (
    r"(?P<number>\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?(?!\d)|\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?(?!\d)"
    r"|\d{1,3}(?: \d{3})+(?!\d)|\d+(?:[.,]\d+)?)"
)
UNIT = r"(?:\s?(?P<unit>ribu|rbu|rb|juta|jt|k|thousand|million|mio|miliar|milyar|m)(?![a-z0-9]))"
AFTER = (
    rf"(?:\s?(?P<after>rupiah|{_CODES}|ringgit|euros?|dollars?|dolar|dirhams?|pounds|rupees|yen|yuan|baht|pesos?|riyal|won|[$€₫])"
    r"(?![a-z0-9]))"
)
# No digit may run into the number from the left: 1:150, 2-150, @150, v2.150.
AMOUNT = re.compile(
    rf"(?<![^\W_])(?<![+\-/.,@#])(?<!\d:){SIGN}?{NUMBER}{UNIT}?{AFTER}?", re.IGNORECASE
)
GROUPED = re.compile(r"\d{1,3}(?:([., ])\d{3})(?:\1\d{3})*(?:(?!\1)[.,]\d{1,2})?")

_ONES = {
    "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8,
    "sembilan": 9, "sepuluh": 10, "sebelas": 11, "seratus": 100, "setengah": Decimal("0.5"),
}  # fmt: skip
_TENS = {"belas": 10, "puluh": 10, "ratus": 100}
SPELLED = re.compile(
    rf"\b(?P<words>se|(?:(?:{'|'.join(_ONES)})(?:\s(?:{'|'.join(_TENS)}))*\s)+)(?P<unit>ribu|juta)\b"
)

FIGURES_OF_SPEECH = frozenset("terima terimakasih makasih thanks maaf alasan cara bintang".split())

MONEY_WORDS = frozenset(
    "bayar dibayar membayar pembayaran bayaran transfer transferan ditransfer tf trf paid pay payment "
    "transferred sent sebesar senilai nominal nominalnya sejumlah jumlah total totalnya amount dp lunas "
    "pelunasan uang biaya harga deposit refund refunded dikembalikan setor".split()
)
NUMBER_WORDS = frozenset(
    "rek rekening no nomor nomer account acc va telp telepon hp wa phone call otp kode code pin "
    "invoice inv resi id ref reference nik npwp kartu card ip jam pukul pkl tgl tanggal tahun th umur usia "
    "jl jalan blok gang rt rw kelas lantai versi nopol sejak since in room unit ke rs cvv".split()
)
# A bare run of digits after these is a number of something; grouped digits may well be money.
WEAK_NUMBER_WORDS = frozenset(
    "order pesanan booking bca bri bni mandiri bsi gopay ovo dana paket at".split()
)
BEFORE = re.compile(r"[^\W_]+")
LOOK_BACK = 36
NOT_AFTER = re.compile(
    r"\s?(?:%|persen|percent|x\b|[-/:.]\d|[-–]\s?\d|/|per\s|each\b|-?an\b|(?:orang|org|pax|people|person|persons|kali|"
    r"hari|minggu|bulan|bln|tahun|thn|jam(?!\s*\d)|menit|hours?|days?|weeks?|months?|years?|minutes?|am|pm|th|st|nd|rd|"
    r"anak|murid|siswa|students?|peserta|sesi|sessions?|kg|gr|km|cm|meter|gb|mb|pcs|buah|lembar|tiket|tickets?|kursi|seats?|"
    r"slots?|poin|points?|followers|unit)\b)",
    re.IGNORECASE,
)


# `1 juta 250` means 1,250,000; the rule is too loose to rely on, so neither is read.
ROUGHLY_MORE = re.compile(r"\s\d{1,3}\b(?!\s?(?:rb|rbu|ribu|k)\b|[/.:-]\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A sum of money and where it stands in the text."""

    value: Decimal
    currency: str
    start: int
    end: int


def read_amounts(text: str, *, currency: str = "IDR") -> list[Amount]:
    """The amounts in a text, in their order; `currency` is meant where none is written."""
    found: list[Amount] = []
    scale = 0
    for match in AMOUNT.finditer(text):
        amount = _amount(text, match, currency)
        if amount is None:
            continue
        size = UNITS.get((match["unit"] or "").casefold(), 0)
        if found and size < scale and not text[found[-1].end : amount.start].strip():
            # `2 jt 500 rb` is one amount.
            amount = _joined(found.pop(), amount)
        found.append(amount)
        scale = size
    found += _spelled(text, currency)
    return sorted(found, key=lambda amount: amount.start)


def _joined(first: Amount, second: Amount) -> Amount:
    return Amount(
        value=first.value + second.value,
        currency=first.currency,
        start=first.start,
        end=second.end,
    )


def _amount(text: str, match: re.Match[str], currency: str) -> Amount | None:
    sign = (match["sign"] or match["after"] or "").strip(" :").casefold()
    number, unit = match["number"], (match["unit"] or "").casefold()
    meant = CURRENCIES.get(sign, currency)
    if len(number) > LONGEST or not _ends_well(text, match.end(), signed=bool(sign)):
        return None
    if _is_unclear(text, match.end(), unit, meant if sign else "IDR"):
        return None
    value = _value(number, unit)
    if not 0 < value < LARGEST:
        return None
    if sign or unit:
        if meant == "IDR" and value < SMALLEST_RUPIAH:
            return None
    elif not _is_bare_money(text, number, value, match.start()):
        return None
    return Amount(value=value, currency=meant, start=match.start(), end=match.end())


def _is_unclear(text: str, end: int, unit: str, currency: str) -> bool:
    """`1 juta 250`; and `1.5 m`, a million to the English, a thousand millions to Indonesians."""
    if unit == "m":
        return currency == "IDR"
    return unit in ("jt", "juta") and ROUGHLY_MORE.match(text, end) is not None


def _ends_well(text: str, end: int, *, signed: bool) -> bool:
    """Whether what follows leaves the number a number: no letter, no more digits, no `orang`."""
    following = text[end : end + 16]
    if re.match(r"[^\W_]|[.,]\d", following):
        return False
    after = NOT_AFTER.match(following)
    return after is None or (
        signed and after[0].lstrip()[:1].isalpha() and after[0].strip() not in ("per", "each")
    )


def _is_bare_money(text: str, number: str, value: Decimal, start: int) -> bool:
    """Without currency and unit: thousands in groups, or round digits just after a money word."""
    if number.startswith("0") or value > LARGEST_BARE:
        return False
    words = [word.casefold() for word in BEFORE.findall(text[max(start - LOOK_BACK, 0) : start])]
    grouped = GROUPED.fullmatch(number)
    if grouped and grouped[1] != " ":
        return _nearest(words[-3:], NUMBER_WORDS) is not False
    is_round = number.replace(" ", "").isdigit() and number.endswith("00")
    if grouped:
        return is_round and _nearest(words[-3:], NUMBER_WORDS | WEAK_NUMBER_WORDS) is not False
    # A year is shorter and an account or a phone longer than what is left.
    if not is_round or not 4 <= len(number) <= 8 or 1900 <= value <= 2100:
        return False
    return _nearest(words[-4:], NUMBER_WORDS | WEAK_NUMBER_WORDS) is True


def _nearest(words: list[str], others: frozenset[str]) -> bool | None:
    """Whether the nearest telling word before speaks of money; None where no word tells."""
    for word in reversed(words):
        if word in MONEY_WORDS:
            return True
        if word in others:
            return False
    return None


def _value(number: str, unit: str) -> Decimal:
    """The number with its unit: a comma or point before three digits groups, else it is decimal."""
    grouped = GROUPED.fullmatch(number)
    if grouped and not (UNITS.get(unit, 1) > 10**3 and re.fullmatch(r"\d{1,3}[.,]\d{3}", number)):
        plain = _ungrouped(number)
    else:
        plain = number.replace(",", ".")
    value = Decimal(plain) * UNITS.get(unit, 1)
    return value.quantize(Decimal("0.01")) if value % 1 else value.quantize(Decimal(1))


def _ungrouped(number: str) -> str:
    """Without its thousands separators, a decimal comma as a point."""
    cents = re.search(r"[.,](\d{1,2})$", number)
    whole = re.sub(r"[., ]", "", number[: cents.start()] if cents else number)
    return f"{whole}.{cents[1]}" if cents else whole


def _spelled(text: str, currency: str) -> list[Amount]:
    """Amounts in words: `seratus ribu`, `dua ratus lima puluh ribu`, `sejuta`, `setengah juta`."""
    if "ribu" not in text and "juta" not in text:
        return []
    found: list[Amount] = []
    for match in SPELLED.finditer(text):
        value = _count(match["words"].split()) * UNITS[match["unit"]]
        amount = Amount(
            value=value.quantize(Decimal(1)),
            currency=currency,
            start=match.start(),
            end=match.end(),
        )
        if found and found[-1].value > value and text[found[-1].end : amount.start] == " ":
            # `satu juta lima ratus ribu` is one amount.
            amount = _joined(found.pop(), amount)
        found.append(amount)
    return [one for one in found if _is_spelled_money(text, one)]


def _is_spelled_money(text: str, amount: Amount) -> bool:
    """Not a year (`dua ribu dua puluh lima`), a head count or a figure of speech."""
    following = BEFORE.findall(text[amount.end : amount.end + 16])
    if following and (following[0] in _ONES or following[0] in FIGURES_OF_SPEECH):
        return False
    return _ends_well(text, amount.end, signed=False)


def _count(words: list[str]) -> Decimal:
    """The number that Indonesian number words make."""
    total = part = Decimal(0)
    for word in words:
        match word:
            case "se":
                part = Decimal(1)
            case "belas":
                part += 10
            case "puluh" | "ratus":
                part *= _TENS[word]
            case _:
                total, part = total + part, Decimal(str(_ONES[word]))
    return total + part
