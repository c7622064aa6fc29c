"""Amounts as staff read them: in their own currency, the way the viewer's language writes it."""

from decimal import Decimal

from babel.core import Locale, UnknownLocaleError
from babel.numbers import format_currency
from django.utils.formats import number_format
from django.utils.translation import get_language

WHOLE, WITH_CENTS = "¤ #,##0", "¤ #,##0.00"


def shown_amount(amount: Decimal | float | None, currency: str) -> str:
    """An amount with its ISO currency; without cents where there are none. "" for none at all.

    >>> from django.utils.translation import override
    >>> with override("en"):
    ...     shown_amount(Decimal("1250000.00"), "IDR"), shown_amount(Decimal("12.5"), "USD")
    ('IDR 1,250,000', '$ 12.50')
    >>> with override("id"):
    ...     shown_amount(Decimal("1250000.00"), "IDR"), shown_amount(Decimal("-12.5"), "USD")
    ('Rp 1.250.000', '-US$ 12,50')
    """
    if amount is None:
        return ""
    exact = Decimal(str(amount))
    is_whole = exact == exact.to_integral_value()
    if not currency:
        return number_format(exact, 0 if is_whole else 2, force_grouping=True)
    return format_currency(
        exact, currency, WHOLE if is_whole else WITH_CENTS, _locale(), currency_digits=False
    )


def shown_count(number: int) -> str:
    """A count the way the viewer's language writes it.

    >>> from django.utils.translation import override
    >>> with override("id"):
    ...     shown_count(12345)
    '12.345'
    """
    return number_format(number, force_grouping=True)


def shown_percent(share: Decimal | float | None, places: int = 1) -> str:
    """So many of a hundred, the way the viewer's language writes it; a dash for none at all.

    >>> from django.utils.translation import override
    >>> shown_percent(53.66), shown_percent(21, 0), shown_percent(None)
    ('53.7%', '21%', '–')
    >>> with override("id"):
    ...     shown_percent(1253.66)
    '1.253,7%'
    """
    if share is None:
        return "–"
    return f"{number_format(round(Decimal(str(share)), places), places, force_grouping=True)}%"


def _locale() -> Locale:
    try:
        return Locale.parse(get_language() or "en", sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
