"""A filter for templates: words of pure modules in the viewer's language."""

from datetime import UTC, datetime
from decimal import Decimal

from django import template
from django.utils.html import format_html, format_html_join

from funnel_site.lib.money import shown_amount, shown_percent
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
def in_percent(share: float | None, places: int = 1) -> str:
    return shown_percent(share, places)


@register.filter
def with_code(words: str) -> str:
    """Words in which what stands between backticks is shown as code."""
    parts = str(words).split("`")
    return format_html_join(
        "",
        "{}",
        ((format_html("<code>{}</code>", one) if at % 2 else one,) for at, one in enumerate(parts)),
    )


@register.filter
def in_money(amount: Decimal | None, currency: str) -> str:
    return shown_amount(amount, currency)
