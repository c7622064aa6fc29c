"""Words in the viewer's language that no call of gettext stands before.

Names of tables and columns: Django derives "first customer message at" from
`first_customer_message_at`, and that is looked up in the catalogue like all others. And sentences of
ours that pure modules have made, or that were stored in English.
"""

from collections.abc import Container, Iterable
from typing import Any

from django.apps import apps
from django.db.models import Field, IntegerField, Model
from django.utils.translation import get_language, gettext, gettext_lazy

from funnel_site.lib.marking import Marked
from funnel_site.lib.retelling import retold

# A line is a number of ours on WhatsApp; where a column holds a number, a line of a file is meant.
OF_FILES = {"line": "file line", "lines": "file lines"}


def translate_derived_names() -> None:
    """Make the derived names of every model and field translatable. Migrations do not see it."""
    for model in apps.get_models(include_auto_created=True):
        _translate_model(model)
        for field in _fields(model):
            if _is_derived(field):
                field.verbose_name = gettext_lazy(_name(field))


def derived_names(models: Iterable[type[Model]], named: Container[str] = ()) -> Iterable[str]:
    """The English of what `translate_derived_names` has made translatable in the models.

    Those of the labels in `named` have other names of their own by now.
    """
    for model in models:
        is_named = model._meta.label_lower in named
        written = (
            {"verbose_name", "verbose_name_plural"} if is_named else model._meta.original_attrs
        )
        if "verbose_name" not in written:
            yield model._meta.verbose_name_raw
        if "verbose_name_plural" not in written:
            yield f"{model._meta.verbose_name_raw}s"
        yield from (_name(field) for field in _fields(model) if _is_derived(field))


def _translate_model(model: type[Model]) -> None:
    options: Any = model._meta
    english = options.verbose_name_raw
    if "verbose_name" not in options.original_attrs:
        options.verbose_name = gettext_lazy(english)
    if "verbose_name_plural" not in options.original_attrs:
        options.verbose_name_plural = gettext_lazy(f"{english}s")


def _fields(model: type[Model]) -> list[Any]:
    return [*model._meta.local_fields, *model._meta.local_many_to_many]


def _name(field: Field[Any, Any]) -> str:
    name = field.name.replace("_", " ")
    return OF_FILES.get(name, name) if isinstance(field, IntegerField) else name


def _is_derived(field: Field[Any, Any]) -> bool:
    # Django keeps the name as it was written; None where it derived one.
    return getattr(field, "_verbose_name", "") is None and bool(field.verbose_name)


def translated(words: str) -> str:
    """Words of a pure module, or stored ones of ours, in the viewer's language.

    What the catalogue lacks stays as it is.
    """
    if not isinstance(words, Marked):
        return retold(words, get_language() or "") if words else ""
    pattern = gettext(words.pattern) if words.pattern else ""
    if not words.values:
        return pattern
    return pattern % {
        name: translated(value) if isinstance(value, Marked) else value
        for name, value in words.values.items()
    }
