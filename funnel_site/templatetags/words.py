"""A filter for templates: words of pure modules in the viewer's language."""

from django import template

from funnel_site.lib.words import translated

register = template.Library()


@register.filter
def in_words(english: str) -> str:
    return translated(english)
