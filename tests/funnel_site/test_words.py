"""The Indonesian catalogue: whole, without doubtful entries, and compiled from its text."""

import re
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from django.utils.translation import override

from funnel_site.catalogue import (
    catalogue_path,
    compiled,
    forms,
    messages_of_site,
    read_catalogue,
    updated,
)

PLACE = re.compile(r"%\(\w+\)[sd]|%%|\{\{?\w*\}?\}|\{\w+:s\}|</?\w+[^>]*>|%[sd](?!\w)")


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    return read_catalogue(catalogue_path())


def test_every_word_of_the_pages_is_in_the_catalogue_and_nothing_else(catalogue: Catalog) -> None:
    """On failure: `manage.py update_words`, then translate what it lists."""
    with override("en"):
        wanted = {one if isinstance(one, str) else one[0] for one in messages_of_site()}
    have = {entry.id if isinstance(entry.id, str) else entry.id[0] for entry in catalogue}

    assert wanted - have == set()
    assert have - wanted - {""} == set()


def test_every_entry_is_translated_and_none_is_doubtful(catalogue: Catalog) -> None:
    entries = [entry for entry in catalogue if entry.id]

    assert len(entries) > 2_000
    assert [entry.id for entry in entries if entry.fuzzy or not all(forms(entry))] == []


def test_places_and_tags_are_the_same_in_both_languages(catalogue: Catalog) -> None:
    wrong = []
    for entry in catalogue:
        # Indonesian has one form, which stands for the English plural.
        english = entry.id if isinstance(entry.id, str) else entry.id[1]
        if not english:
            continue
        for form in forms(entry):
            if sorted(set(PLACE.findall(form))) != sorted(set(PLACE.findall(english))):
                wrong.append((english, form))

    assert wrong == []


def test_the_compiled_catalogue_is_that_of_the_text(catalogue: Catalog) -> None:
    path = catalogue_path()

    assert path.with_suffix(".mo").read_bytes() == compiled(catalogue)


def test_an_update_without_new_words_changes_nothing(catalogue: Catalog) -> None:
    same: list[Any] = [entry.id for entry in catalogue if entry.id]

    again = updated(catalogue, same)

    assert [(entry.id, entry.string) for entry in again if entry.id] == [
        (entry.id, entry.string) for entry in catalogue if entry.id
    ]
