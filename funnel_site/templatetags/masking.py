"""Filters for templates: people as the viewer may see them."""

from typing import Any

from django import template

from funnel_site.lib import masking

register = template.Library()


@register.filter
def phone(text: Any) -> str:
    return masking.shown_phone(str(text or ""))


@register.filter
def key(text: Any) -> str:
    """A key of a customer: a number, a user id, an address."""
    return masking.masked_key(str(text or "")) if masking.hides_phones() else str(text or "")


@register.filter
def person(text: Any) -> str:
    return masking.shown_name(str(text or ""))


@register.filter
def email(text: Any) -> str:
    return masking.shown_email(str(text or ""))


@register.filter
def said(text: Any) -> str:
    """Words of a customer."""
    return masking.shown_words(str(text or ""))
