"""Which words the bot uses where: the line's own, then those for every line, then the shipped ones."""

from collections.abc import Iterable

from conversations.models import Line
from reviews.models import BotWords
from reviews.wording import words_of

Speaker = tuple[int | None, str]
"""A line's primary key (None: no line) and a language."""


def words_by_speaker(speakers: Iterable[Speaker]) -> dict[Speaker, dict[str, str]]:
    """The bot's words for each line and language, in one query."""
    wanted = set(speakers)
    rows = BotWords.objects.filter(language__in={language for _, language in wanted})
    texts = {(row.line_id, row.language): row.texts for row in rows}
    return {
        (line_id, language): words_of(
            {**texts.get((None, language), {}), **texts.get((line_id, language), {})}, language
        )
        for line_id, language in wanted
    }


def words_for(line: Line | None, language: str = "") -> dict[str, str]:
    """The bot's words on one line, in the line's language by default."""
    spoken = language or (line.language if line else "en")
    speaker = (line.pk if line else None, spoken)
    return words_by_speaker([speaker])[speaker]
