"""Which product of the catalogue is meant by what a customer typed.

What was typed is compared and never changed: "Coffee for Two" stays "Coffee for Two".
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from funnel_site.lib.text import normalise

MOST_OFFERED = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """A product of the catalogue: its primary key, and its name there."""

    key: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the catalogue has for a text."""

    exact: tuple[Offer, ...] = ()
    """Called just so, in any case and spacing; several where they share a name."""
    near: tuple[Offer, ...] = ()
    """Nearly called so, the nearest first; empty where there is an exact one."""


NOTHING_FOUND = Found()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One product with all that it is called."""

    offer: Offer
    names: tuple[str, ...]


class Catalogue:
    """The names of many products, folded once. A look-up among 100,000 takes some 40 ms."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._offers: list[Offer] = []
        self._names: list[str] = []
        self._sorted: list[str] = []
        self._exact: dict[str, list[Offer]] = {}
        for entry in entries:
            for name in dict.fromkeys(map(normalise, (entry.offer.name, *entry.names))):
                if name:
                    self._offers.append(entry.offer)
                    self._names.append(name)
                    self._sorted.append(_by_words(name))
                    self._exact.setdefault(name, []).append(entry.offer)

    def __len__(self) -> int:
        return len(self._names)

    def called(self, text: str) -> tuple[Offer, ...]:
        """The products of exactly this name, in any case and spacing."""
        return tuple(self._exact.get(normalise(text), ()))

    def find(self, text: str, *, at_least: int) -> Found:
        """The product called so; else those whose names are alike by `at_least` percent.

        >>> shop = Catalogue([Entry(offer=Offer(1, "iPhone 15"), names=("ip15",))])
        >>> shop.find("IPHONE  15", at_least=80).exact, shop.find("15 iphnoe", at_least=80).near
        ((Offer(key=1, name='iPhone 15'),), (Offer(key=1, name='iPhone 15'),))
        """
        if exact := self.called(text):
            return Found(exact=exact[:MOST_OFFERED])
        return Found(near=self.nearest(text, at_least=at_least, most=MOST_OFFERED))

    def nearest(self, text: str, *, at_least: int, most: int) -> tuple[Offer, ...]:
        """The products whose names are most alike, also where their words stand in another order."""
        wanted = normalise(text)
        scores: dict[Offer, float] = {}
        for query, names in ((wanted, self._names), (_by_words(wanted), self._sorted)):
            # One product may have several names that are alike: some more than are wanted.
            alike = process.extract(
                query, names, scorer=fuzz.ratio, score_cutoff=at_least, limit=4 * most
            )
            for _, score, place in alike:
                offer = self._offers[place]
                scores[offer] = max(score, scores.get(offer, 0))
        order = sorted(scores, key=lambda offer: (-scores[offer], offer.name, offer.key))
        return tuple(order[:most])


def _by_words(name: str) -> str:
    return " ".join(sorted(name.split()))
