"""A filter for templates: words of pure modules in the viewer's language."""

from datetime import UTC, datetime
from decimal import Decimal

from django import template

from funnel_site.lib.money import shown_amount
from funnel_site.lib.words import translated

register = template.Library()


@register.filter
def in_words(english: str) -> str:
    return translated(english)


@register.filter
def in_utc(moment: datetime) -> str:
    """A moment as everybody's clock has it, to stand beside one in the viewer's zone."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@register.filter
def in_money(amount: Decimal | None, currency: str) -> str:
    return shown_amount(amount, currency)
