"""Sentences of ours that are stored in English, told again in another language.

A stored sentence has lost the pattern it was made from. It is found again among the patterns of the
catalogue, so rows need no code beside their words, and old ones are told, too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from babel.messages.mofile import read_mo
from django.conf import settings
from django.utils.translation import gettext

PLACE = re.compile(r"%(?:\((\w+)\))?[sd]")
AFTER_A_FIELD = re.compile(r"([A-Za-z_][\w.]*): (.+)", re.DOTALL)
DOUBLE = "\x00"
SENTENCES = re.compile(r"((?<=\.) |; )")
LONGEST = 600
MOST_PLACES = 5
LEAST_LETTERS = 3
BEGINNING = 4
"""Characters by which the patterns are looked up; those that begin with a place stand under ""."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sentence with places: its fixed parts, the expression for the whole, its translation."""

    parts: tuple[str, ...]
    whole: re.Pattern[str]
    translation: str

    @property
    def letters(self) -> int:
        return sum(map(len, self.parts))


@lru_cache(maxsize=2_000)
def retold(english: str, language: str) -> str:
    """A sentence that the catalogue has, or has a pattern of; any other as it is.

    >>> from django.utils.translation import override
    >>> with override("id"):
    ...     retold("At most 20 files at once.", "id"), retold("phone: Missing.", "id")
    ('Maksimal 20 berkas sekaligus.', 'phone: Tidak ada.')
    """
    if language.startswith("en") or not english.strip() or len(english) > LONGEST:
        return english
    if (known := gettext(english)) != english:
        return known
    fitting = [one for one in _candidates(english, language) if one.whole.fullmatch(english)]
    if fitting:
        best = max(fitting, key=lambda one: (bool(one.parts[0]), one.letters))
        found = best.whole.fullmatch(english)
        assert found is not None
        # A name stays a name; a sentence within the sentence is told, too.
        values = [retold(one, language) if " " in one else one for one in found.groups()]
        if not best.whole.groupindex:
            return best.translation % tuple(values)
        return best.translation % dict(zip(best.whole.groupindex, values, strict=True))
    sentences = SENTENCES.split(english)
    if len(sentences) > 1:
        # Every other part is what stands between two of them.
        sentences[::2] = [retold(one, language) for one in sentences[::2]]
        return "".join(sentences)
    if field := AFTER_A_FIELD.fullmatch(english):
        return f"{field[1]}: {retold(field[2], language)}"
    return english


def _candidates(english: str, language: str) -> Iterator[Pattern]:
    patterns = _patterns(language)
    for beginning in (english[:BEGINNING], ""):
        for one in patterns.get(beginning, ()):
            if all(part in english for part in one.parts):
                yield one


@cache
def _patterns(language: str) -> dict[str, list[Pattern]]:
    """The catalogue's sentences with named places, by how they begin."""
    path = Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.mo"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        sentences = [(one.id, str(one.string)) for one in read_mo(file) if isinstance(one.id, str)]
    found: dict[str, list[Pattern]] = {}
    for english, translation in sentences:
        pattern = _pattern(english.replace("%%", DOUBLE), translation)
        if pattern is not None:
            first = pattern.parts[0]
            found.setdefault(first[:BEGINNING] if len(first) >= BEGINNING else "", []).append(
                pattern
            )
    return found


def _pattern(english: str, translation: str) -> Pattern | None:
    places = PLACE.findall(english)
    parts = [part.replace(DOUBLE, "%") for part in PLACE.split(english)[::2]]
    if not 1 <= len(places) <= MOST_PLACES or len("".join(parts).strip()) < LEAST_LETTERS:
        return None
    return Pattern(tuple(parts), _expression(parts, places), translation)


def _expression(parts: list[str], places: list[str]) -> re.Pattern[str]:
    known: set[str] = set()
    written = [re.escape(parts[0])]
    for name, part in zip(places, parts[1:], strict=True):
        if name in known:
            written.append(f"(?P={name})")
        else:
            written.append(f"(?P<{name}>.+?)" if name else "(.+?)")
        written.append(re.escape(part))
        known |= {name} - {""}
    return re.compile("".join(written), re.DOTALL)
