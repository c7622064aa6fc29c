"""The search box above a list: an id, a phone number, or words, each by an index of its own.

One condition that joins all three by OR is what no index can answer: it reads the whole table.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import gettext as _

from funnel_site.lib import masking
from funnel_site.lib.phone import phone_search_digits

MOST = 1_000
"""So many rows of an id, or people of a name, are looked at: those seen last."""
SHORTEST_WORD = 3
MOST_WORDS = 8
LONGEST_END = 8
"""Up to so many digits may be the end of a number; more that begin with a zero are a whole one."""


class SearchMixin:
    """What `search_fields` names is searched in this order, and the first that finds is taken.

    1. Ids, the fields that begin with `=`: the whole term as it is, and in small letters.
    2. A phone number in any format, or a part of one, in `phone_path`.
    3. Words: each must stand in one of the other fields. Those of another table, as the customer's
       name, are looked for there, and the rows of at most MOST finds shown.
    """

    phone_path = ""
    phone_digits = 4
    """Fewer digits than these are no part of a number."""
    id_scopes: Mapping[str, Mapping[str, Any]] = {}
    """For an id whose index begins with another column: what that column can hold."""
    few_rows = False
    """Whether the list stays short whatever the traffic: then it is searched letter by letter."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = " ".join(search_term.replace("\x00", "").split())
        fields = list(self.get_search_fields(request))  # type: ignore[attr-defined]
        if not term or not fields:
            return queryset, False
        ids = [field[1:] for field in fields if field.startswith("=")]
        if (found := self._by_id(queryset, ids, term)) is not None:
            return found, False
        if self.phone_path and (parts := self._digits(term)):
            wanted = Q()
            for part in parts:
                # Numbers have no capitals: their index is of the column as it is.
                wanted |= related(queryset.model, [self.phone_path], [part], how="contains")
            return queryset.filter(wanted), False
        words = [field for field in fields if not field.startswith("=")]
        if not words:
            return queryset.none(), False
        if not self.few_rows and not re.search(rf"\w{{{SHORTEST_WORD}}}", term):
            text = _("Type at least %d letters, or %d digits of a number.")
            messages.warning(request, text % (SHORTEST_WORD, self.phone_digits))
            return queryset.none(), False
        return self.by_words(queryset, words, spoken(term)), False

    def get_id_scopes(self) -> Mapping[str, Mapping[str, Any]]:
        return self.id_scopes

    def by_words(
        self, queryset: QuerySet[Any], fields: list[str], words: list[str]
    ) -> QuerySet[Any]:
        """The rows in which each word stands in one of the fields."""
        return queryset.filter(related(queryset.model, fields, words))

    def _digits(self, term: str) -> list[str]:
        """The digits of a number or of a part of one; none for anything else, and for masked eyes.

        As they stand inside a number, and without the zero that is dialled before one at home.
        """
        plain = term.removeprefix("whatsapp:")
        if masking.is_masked() or any(map(str.isalpha, plain)):
            return []
        as_typed = "".join(letter for letter in plain if letter in "0123456789")
        parts = [phone_search_digits(plain)]
        if as_typed.startswith("0") and len(as_typed) <= LONGEST_END:
            parts.append(as_typed)
        return [part for part in parts if len(part) >= self.phone_digits]

    def _by_id(
        self, queryset: QuerySet[Any], ids: Iterable[str], term: str
    ) -> QuerySet[Any] | None:
        """The rows with this id; None where there is none."""
        for path in ids:
            wanted = Q(
                **{f"{path}__in": list({term, term.lower()})}, **self.get_id_scopes().get(path, {})
            )
            try:
                keys = list(queryset.filter(wanted).values_list("pk", flat=True)[: MOST + 1])
            except (ValueError, ValidationError):
                # Letters where the id is a number.
                continue
            if keys:
                return queryset.filter(wanted if len(keys) > MOST else Q(pk__in=keys))
        return None


def spoken(term: str) -> list[str]:
    """The words of a term; those between quotation marks are one.

    >>> spoken('ana "person 1"')
    ['ana', 'person 1']
    """
    return [
        unescape_string_literal(word) if word[0] in "\"'" and word[-1] == word[0] else word
        for word in smart_split(term)
    ][:MOST_WORDS]


def related(model: type[Model], fields: list[str], words: list[str], how: str = "icontains") -> Q:
    """The condition that each word stands in one of the fields, those of one table together."""
    wanted = Q()
    for path, own in _by_table(fields).items():
        if not path:
            wanted |= _all_words(model, own, words, how)
            continue
        other = _model_at(model, path)
        rows = other._default_manager.filter(_all_words(other, own, words, how))
        newest = ("-last_seen_at", "-pk") if _has(other, "last_seen_at") else ("-pk",)
        wanted |= Q(**{f"{path}__in": rows.order_by(*newest).values("pk")[:MOST]})
    return wanted


def _all_words(model: type[Model], fields: list[str], words: list[str], how: str) -> Q:
    wanted = Q()
    for word in words:
        one = Q()
        for field in fields:
            one |= Q(**{f"{field}__{how}": word})
        wanted &= one
    return wanted


def _by_table(fields: list[str]) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {}
    for field in fields:
        path, _, name = field.rpartition("__")
        tables.setdefault(path, []).append(name)
    return tables


def _model_at(model: type[Model], path: str) -> type[Model]:
    for name in path.split("__"):
        model = model._meta.get_field(name).related_model  # type: ignore[assignment]
    return model


def _has(model: type[Model], name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True
