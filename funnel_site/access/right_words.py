"""What a role may do, list by list, as staff read it.

Django keeps the names of rights in English.
"""

from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_noop

from funnel_site.access.roles import matrix
from funnel_site.lib.words import translated

VERBS = {
    "view": gettext_noop("to see"),
    "add": gettext_noop("to add"),
    "change": gettext_noop("to change"),
    "delete": gettext_noop("to delete"),
    "export": gettext_noop("to export"),
}


@cache
def own_rights() -> frozenset[str]:
    """The English of the rights that are not Django's: those of our models, and of the roles' file."""
    of_models = {words for model in apps.get_models() for _, words in model._meta.permissions}
    return frozenset(of_models | {words for _, _, words in matrix().own})


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
    if verb in VERBS and model == right.content_type.model and right.name not in own_rights():
        return gettext(VERBS[verb])
    return translated(right.name)
