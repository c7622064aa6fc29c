"""Keywords in a text: all phrases in one pass, on word boundaries."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from funnel_site.lib.text import normalise as normalise
from funnels.stages import Stage


def as_written(text: str, folded: str, start: int, end: int) -> str:
    """A span of the normalised text in the sender's own spelling, where the two line up.

    They do in all but a few messages: those with doubled white space, invisible characters or
    letters that fold to several give the normalised words, which say the same.
    """
    if len(text) == len(folded):
        original = text[start:end]
        if normalise(original) == folded[start:end].strip():
            return original
    return folded[start:end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A keyword as the matcher wants it. `word` and `phrase` match anywhere between boundaries."""

    id: int
    stage: Stage
    text: str
    channel: str = ""
    mode: str = "phrase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A phrase in a normalised text: at `start`, up to and without `end`."""

    phrase: Phrase
    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


Place = tuple[Phrase, int, int]


def _rank(place: Place) -> tuple[int, int, str]:
    """The longest first, then the earliest, then by the phrase's own text."""
    phrase, start, end = place
    return start - end, start, phrase.text


def _without_swallowed(places: Iterable[Place]) -> Iterator[Place]:
    """Leave out hits inside a longer one: `DAFTAR SPARKS` opens a sale and books nothing.

    One sweep from the left, since a long text under many keywords has thousands of hits.
    """
    furthest, kept = -1, (-1, -1)
    for place in sorted(places, key=lambda place: (place[1], -place[2])):
        span = (place[1], place[2])
        if span[1] > furthest:
            furthest, kept = span[1], span
        if span == kept:
            yield place


class Matcher:
    """Finds phrases by Aho and Corasick's automaton (CACM 18(6), 1975): linear in the text."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        patterns = [(normalise(phrase.text), phrase) for phrase in phrases]
        self._phrases = [phrase for pattern, phrase in patterns if pattern]
        usable = [pattern for pattern, _ in patterns if pattern]
        self._automaton = AhoCorasick(usable, matchkind=MatchKind.Standard) if usable else None

    def find_all(self, folded: str) -> list[Hit]:
        """Every hit in a normalised text, the longest first, then the earliest."""
        places = sorted(_without_swallowed(self._places(folded)), key=_rank)
        return [Hit(phrase=phrase, start=start, end=end) for phrase, start, end in places]

    def find(self, text: str) -> dict[Stage, Hit]:
        """The longest hit of each stage in a text as it came."""
        best: dict[Stage, Place] = {}
        for place in _without_swallowed(self._places(normalise(text))):
            held = best.get(place[0].stage)
            if held is None or _rank(place) < _rank(held):
                best[place[0].stage] = place
        return {
            stage: Hit(phrase=phrase, start=start, end=end)
            for stage, (phrase, start, end) in best.items()
        }

    def _places(self, folded: str) -> Iterator[Place]:
        if self._automaton is None:
            return
        found = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        for index, start, end in found:
            phrase = self._phrases[index]
            if _stands_alone(folded, start, end) and _fits_mode(phrase.mode, folded, start, end):
                yield phrase, start, end


def _is_word(one: str) -> bool:
    """Letters, digits and underscore; also the vowel signs that many scripts set after a letter."""
    return (
        one.isalnum() or one == "_" or (one > "\x7f" and unicodedata.category(one) in ("Mn", "Mc"))
    )


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether no word goes on across an edge. An edge that is no word needs no boundary."""
    if start and _is_word(text[start - 1]) and _is_word(text[start]):
        return False
    return not (end < len(text) and _is_word(text[end]) and _is_word(text[end - 1]))


def _fits_mode(mode: str, text: str, start: int, end: int) -> bool:
    if mode == "exact":
        return start == 0 and end == len(text)
    return mode != "starts_with" or start == 0
