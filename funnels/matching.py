"""Keywords in a text: all phrases in one pass, on word boundaries, the longest wins."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from funnels.stages import Stage


def normalise(text: str) -> str:
    """NFKC, case folded, format characters out, white space folded."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if not folded.isascii():
        folded = "".join(one for one in folded if unicodedata.category(one) != "Cf")
    return " ".join(folded.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    id: int
    stage: Stage
    text: str
    channel: str = ""
    mode: str = "phrase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    phrase: Phrase
    start: int
    end: int


class Matcher:
    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self.phrases = [p for p in phrases if normalise(p.text)]
        self.patterns = [normalise(p.text) for p in self.phrases]
        self.automaton = AhoCorasick(self.patterns, matchkind=MatchKind.Standard) if self.patterns else None

    def find(self, text: str) -> dict[Stage, Hit]:
        if self.automaton is None:
            return {}
        folded = normalise(text)
        best: dict[Stage, Hit] = {}
        for index, start, end in self.automaton.find_matches_as_indexes(folded, overlapping=True):
            if (start and _word(folded[start - 1]) and _word(folded[start])) or (
                end < len(folded) and _word(folded[end]) and _word(folded[end - 1])
            ):
                continue
            phrase = self.phrases[index]
            hit = Hit(phrase=phrase, start=start, end=end)
            known = best.get(phrase.stage)
            if known is None or (end - start, -start) > (known.end - known.start, -known.start):
                best[phrase.stage] = hit
        return best


def _word(one: str) -> bool:
    return one.isalnum() or one == "_"
