"""Where a customer may be written to: what follows from all that was said about it, by its time.

A word is for one channel, or for every channel, as staff may say it. In a channel the latest of the
words holds that are for it or for every channel. So:

- OUT for every channel ends all of them, IN for every channel opens all, whatever was said before.
- A customer's START in one channel opens that channel, also after staff have opted them out of every
  one: their own later word holds where they said it, and lifts nothing elsewhere.
- Of words of one moment the one for a single channel holds; else OUT. What arrived first is no matter.

Of two customers who are joined the stricter holds in each channel, whoever spoke last. Where their
words alone would end otherwise, words of the join itself are added: see `bridging`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

EVERY = ""
OUT, IN = "out", "in"

Standing = Mapping[str, datetime | None]
"""Since when nothing may be sent, by channel. None: open, although every channel is out."""


class Word(NamedTuple):
    at: datetime
    channel: str
    change: str


def folded(words: Iterable[Word]) -> Standing:
    """What holds after these words, in whatever order they are given.

    >>> noon, later = datetime(2025, 4, 1, 12), datetime(2025, 4, 1, 13)
    >>> held = folded([Word(later, "whatsapp", IN), Word(noon, EVERY, OUT)])
    >>> is_out(held, "whatsapp"), is_out(held, "sms")
    (False, True)
    """
    standing: dict[str, datetime | None] = {}
    for word in sorted(words, key=_rank):
        if not word.channel:
            standing = {EVERY: word.at} if word.change == OUT else {}
        elif word.change == OUT:
            standing[word.channel] = word.at
        elif EVERY in standing:
            standing[word.channel] = None
        else:
            standing.pop(word.channel, None)
    return standing


def _rank(word: Word) -> tuple[datetime, bool, bool]:
    return word.at, word.channel != EVERY, word.change == OUT


def out_since(standing: Standing, channel: str) -> datetime | None:
    """Since when nothing may be sent in a channel; None where it may."""
    return standing[channel] if channel in standing else standing.get(EVERY)


def is_out(standing: Standing, channel: str) -> bool:
    return out_since(standing, channel) is not None


def latest(standing: Standing) -> datetime | None:
    """The newest moment of an opt-out that holds; None where there is none."""
    return max((at for at in standing.values() if at), default=None)


def stricter(one: Standing, other: Standing) -> Standing:
    """In each channel the stricter of two."""
    found: dict[str, datetime | None] = {}
    for channel in sorted({*one, *other}):
        both = (out_since(one, channel), out_since(other, channel))
        since = max((at for at in both if at), default=None)
        if since or EVERY in found:
            found[channel] = since
    return found


def bridging(words: Sequence[Word], wanted: Standing) -> list[Word]:
    """What is to be added to the words of joined customers, so that they end as strictly as `wanted`.

    Each has the time of the newest word that it outranks, and not the clock's: joins in any order end
    alike, what comes late from before them changes nothing, and a later word of the customer holds.
    """
    made: list[Word] = []
    spoken = folded(words)
    for channel in sorted({EVERY, *wanted, *(word.channel for word in words)}):
        found = folded([*words, *made])
        lacks = is_out(wanted, channel) and not is_out(found, channel)
        overshoots = is_out(found, channel) and not is_out(wanted, channel)
        if lacks or (overshoots and not is_out(spoken, channel)):
            reach = (EVERY, channel)
            moments = [word.at for word in (*words, *made) if word.channel in reach]
            moments += [at for one in reach if (at := wanted.get(one))]
            made.append(Word(max(moments), channel, OUT if lacks else IN))
    return made
