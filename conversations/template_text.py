"""The text of an approved WhatsApp template and what goes into its places {{1}}, {{2}} …"""

import re
from collections.abc import Mapping

from funnel_site.lib.marking import marked

PLACE = re.compile(r"\{\{\s*([0-9]{1,2})\s*\}\}")
BRACES = re.compile(r"\{\{[^{}]*\}\}")
UNFIT = re.compile(r"[\n\t]| {5,}")
LONGEST_VALUE = 500


class TemplateTextError(ValueError):
    """The text or a value cannot be used. The message says which and why."""


def places(body: str) -> list[str]:
    """The numbers of the places in a text, in order: they must run from 1 without a gap.

    >>> places("Hi {{1}}, how is your {{2}}? Bye {{1}}")
    ['1', '2']

    Raises TemplateTextError.
    """
    if odd := [found for found in BRACES.findall(body) if not PLACE.fullmatch(found)]:
        raise TemplateTextError(
            marked("Places are numbers, as {{1}}; %(odd)s is none.", odd=odd[0])
        )
    numbers = sorted({int(number) for number in PLACE.findall(body)})
    if numbers != list(range(1, len(numbers) + 1)):
        raise TemplateTextError(marked("Places count from {{1}} without a gap."))
    return [str(number) for number in numbers]


def filled(body: str, values: Mapping[str, str]) -> str:
    """The text as the customer will read it. Raises TemplateTextError naming the place.

    WhatsApp refuses a value that is empty or holds line breaks, tabs or more than four blanks in
    a row (Meta, "Message template guidelines").

    >>> filled("Hi {{1}}!", {"1": "Ana"})
    'Hi Ana!'
    """
    wanted = places(body)
    if surplus := sorted(set(values) - set(wanted)):
        raise TemplateTextError(
            marked("The template has no place {{%(surplus)s}}.", surplus=surplus[0])
        )
    for place in wanted:
        value = values.get(place, "")
        if not value.strip():
            raise TemplateTextError(marked("Nothing is given for {{%(place)s}}.", place=place))
        if UNFIT.search(value) or len(value) > LONGEST_VALUE:
            raise TemplateTextError(
                marked(
                    "The value for {{%(place)s}} has a line break, many blanks, or is too long.",
                    place=place,
                )
            )
    return PLACE.sub(lambda found: values[found.group(1)], body)
