"""What a role may do, list by list, as staff read it.

Django keeps the names of rights in English; those of our own models are marked here.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_noop

from funnel_site.lib.marking import marked
from funnel_site.lib.words import translated

VERBS = {
    "view": gettext_noop("to see"),
    "add": gettext_noop("to add"),
    "change": gettext_noop("to change"),
    "delete": gettext_noop("to delete"),
    "export": gettext_noop("to export"),
}
OWN = (
    marked("Can change the answers that everybody has"),
    marked("Can change the macros that everybody has"),
    marked("Can confirm new rights of staff, as the second person"),
    marked("Can erase a customer"),
    marked("Can export all data of a customer"),
    marked("Can have one delivery shown as it came for 30 seconds, with a reason"),
    marked("Can have one phone number shown for 30 seconds, with a reason"),
    marked("Can hide a review, with a reason; showing it again takes the right to change"),
    marked("Can join two customers and part them again"),
    marked("Can publish keywords without a second person"),
    marked("Can see deliveries as they came"),
    marked("Can see how long customers wait for their agents"),
    marked("Can see how the system does"),
    marked("Can see names, e-mail addresses and messages in full"),
    marked("Can see phone numbers in full"),
    marked("Can see rooms that a colleague has"),
    marked("Can see what everybody asked for and who confirmed it"),
    marked("Can see what everybody did, not only themselves"),
    marked("Can see what everybody handed in, not only themselves"),
    marked("Can see what everybody took out, not only themselves"),
    marked("Can see what runs and how the system does"),
    marked("Can see what the support agents did"),
    marked("Can set and lift legal holds"),
    marked("Can show their views of the queue to everybody"),
    marked("Can start a keyword sync"),
    marked("Can start, pause and resume what runs"),
    marked("Can take files with names and numbers in full, up to 1,000 rows, with a second person"),
    marked("Can take such files of any length, with a second person"),
)


def rights_of(group: Group) -> list[tuple[str, str]]:
    """Each list that the role has a right on, and its rights there."""
    rows = group.permissions.select_related("content_type").order_by(
        "content_type__app_label", "content_type__model", "codename"
    )
    found: dict[int, tuple[str, list[str]]] = {}
    for right in rows:
        _, words = found.setdefault(right.content_type_id, (_list_of(right), []))
        words.append(_words(right))
    return [(name, ", ".join(words)) for name, words in found.values()]


def _list_of(right: Permission) -> str:
    model: Any = right.content_type.model_class()
    return str(capfirst(model._meta.verbose_name_plural)) if model else right.content_type.name


def _words(right: Permission) -> str:
    verb, _, model = right.codename.partition("_")
    if verb in VERBS and model == right.content_type.model and right.name not in OWN:
        return gettext(VERBS[verb])
    return translated(right.name)
