"""Keywords in a text: all phrases in one pass, on word boundaries."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from funnels.stages import Stage


def normalise(text: str) -> str:
    """The one spelling in which texts and phrases are compared.

    NFKC and case folded, so that full-width and capital letters are the same; invisible format
    characters out; white space folded.

    >>> normalise("  ＨALO\\u200b  Kak ")
    'halo kak'
    """
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    visible = "".join(one for one in folded if unicodedata.category(one) != "Cf")
    return " ".join(visible.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A keyword as the matcher wants it."""

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


class Matcher:
    """Finds phrases by Aho and Corasick's automaton (CACM 18(6), 1975): linear in the text."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        patterns = [(normalise(phrase.text), phrase) for phrase in phrases]
        self._phrases = [phrase for pattern, phrase in patterns if pattern]
        usable = [pattern for pattern, _ in patterns if pattern]
        self._automaton = AhoCorasick(usable, matchkind=MatchKind.Standard) if usable else None

    def find_all(self, folded: str) -> list[Hit]:
        """Every hit in a normalised text, the longest first, then the earliest."""
        if self._automaton is None:
            return []
        found = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        if not found:
            return []
        hits = [
            Hit(phrase=self._phrases[index], start=start, end=end)
            for index, start, end in found
            if _stands_alone(folded, start, end)
        ]
        hits = _without_swallowed([hit for hit in hits if _fits_mode(hit, folded)])
        hits.sort(key=lambda hit: (-hit.length, hit.start, hit.phrase.text))
        return hits

    def find(self, text: str) -> dict[Stage, Hit]:
        """The longest hit of each stage."""
        best: dict[Stage, Hit] = {}
        for hit in self.find_all(normalise(text)):
            best.setdefault(hit.phrase.stage, hit)
        return best


def _without_swallowed(hits: list[Hit]) -> list[Hit]:
    """Leave out hits inside a longer one: `DAFTAR SPARKS` opens a sale and books nothing."""
    return [
        hit
        for hit in hits
        if not any(
            other.start <= hit.start and hit.end <= other.end and other.length > hit.length
            for other in hits
        )
    ]


def _is_word(one: str) -> bool:
    return one.isalnum() or one == "_"


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether no word goes on across an edge. An edge that is no letter or digit needs no boundary."""
    if start and _is_word(text[start]) and _is_word(text[start - 1]):
        return False
    return not (end < len(text) and _is_word(text[end - 1]) and _is_word(text[end]))


def _fits_mode(hit: Hit, text: str) -> bool:
    match hit.phrase.mode:
        case "exact":
            return hit.start == 0 and hit.end == len(text)
        case "starts_with":
            return hit.start == 0
        case _:
            return True
