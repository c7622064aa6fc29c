"""What a conversation with the bot looks like under given words: made by the dialogue itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from funnel_site.lib.marking import marked
from reviews.dialogue import LONGEST_NAME, LONGEST_REVIEW, step
from reviews.products import Found, Offer
from reviews.turns import Dialogue, Reply, Rules, Said
from reviews.wording import render

AT = datetime(2000, 1, 1, tzinfo=UTC)
PICTURE = "(a picture)"
EMPTY = marked("(an empty message)")
LATER = "(a day later)"
MISSPELT, AMBIGUOUS = "iphnoe 15", "iphone"
FOUND = {
    MISSPELT: Found(near=(Offer(1, "iPhone 15"),)),
    AMBIGUOUS: Found(near=(Offer(1, "iPhone 15"), Offer(2, "iPhone 15 Pro"))),
}
"""What an imagined catalogue has for these."""
MORE = "(more than a review may hold)"
LONG_NAME = f"(a name of more than {LONGEST_NAME} characters)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing said, by `customer` or `bot`."""

    speaker: str
    text: str
    key: str = ""
    """The name of the bot's text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A conversation with its title."""

    title: str
    lines: tuple[Line, ...]


SAYINGS = {
    "en": ("Hi", "iPhone 15", "John", "Excellent phone with great camera!"),
    "id": ("Halo", "iPhone 15", "Budi", "Bagus sekali, kameranya jernih!"),
}


def scenes(words: Mapping[str, str], *, language: str, asks_rating: bool) -> list[Scene]:
    """The whole conversation, then all that may go astray, so that each text is seen once."""
    hello, product, name, review = SAYINGS.get(language, SAYINGS["en"])
    whole = [hello, product, name, review]
    rules = Rules(asks_rating=asks_rating)
    starring = Rules(asks_rating=True)
    stars = ["5"] if asks_rating else []
    return [
        _scene(marked("The whole conversation"), [*whole, *stars], words, rules),
        _scene(marked("Help, and nothing usable"), [hello, "HELP", PICTURE, EMPTY], words, rules),
        _scene(
            marked("A name that is none"),
            [hello, product, "https://example.com", LONG_NAME, name],
            words,
            rules,
        ),
        _scene(
            marked("A product that is nearly one of the catalogue"),
            [hello, MISSPELT, "YES", "BACK", AMBIGUOUS, "2"],
            words,
            rules,
        ),
        _scene(
            marked("A review without words, and too much of it"),
            [*whole[:-1], "10/10", review, MORE],
            words,
            replace(starring, joins_within=timedelta(minutes=1)),
        ),
        _scene(
            marked("Stars, where the line asks for them"), [*whole, "good", "5"], words, starring
        ),
        _scene(
            marked("One question back"),
            [hello, product, "BACK", product, name, "BACK"],
            words,
            rules,
        ),
        _scene(
            marked("Left unfinished for a day"),
            [hello, product, f"{LATER} {hello}", "YES", name],
            words,
            rules,
        ),
        _scene(marked("Ending it"), [hello, "BATAL", "BACK"], words, rules),
        _scene(marked("Opting out and in again"), ["STOP", "START"], words, rules),
    ]


def _scene(title: str, sayings: list[str], words: Mapping[str, str], rules: Rules) -> Scene:
    return Scene(title=title, lines=tuple(_lines(sayings, words, rules)))


def _lines(sayings: list[str], words: Mapping[str, str], rules: Rules) -> Iterator[Line]:
    dialogue: Dialogue | None = None
    is_opted_out = False
    at = AT
    for saying in sayings:
        yield Line(speaker="customer", text=saying)
        if saying.startswith(LATER):
            at += timedelta(days=1, hours=1)
        said = replace(_said(saying.removeprefix(LATER).strip()), at=at, is_opted_out=is_opted_out)
        turn = step(dialogue, said, rules)
        dialogue = turn.dialogue
        if turn.reply is not None:
            is_opted_out = turn.reply.key == "opted_out"
            yield Line(speaker="bot", text=spoken(turn.reply, words), key=turn.reply.key)


def _said(saying: str) -> Said:
    if saying in (PICTURE, EMPTY):
        return Said(text="", at=AT, has_media=saying == PICTURE)
    long_texts = {LONG_NAME: "x" * (LONGEST_NAME + 1), MORE: "x" * LONGEST_REVIEW}
    found = FOUND.get(saying, Found())
    return Said(text=long_texts.get(saying, saying), at=AT, found=found)


def spoken(reply: Reply, words: Mapping[str, str]) -> str:
    """A reply in these words, with the question that it repeats."""
    question = render(words, reply.question, reply.values) if reply.question else ""
    return render(words, reply.key, {**reply.values, "question": question}).strip()
