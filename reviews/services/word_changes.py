"""Every change of what the bot says."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from conversations.models import Line
from reviews.models import BotWords
from reviews.services.words import words_for
from reviews.wording import SHIPPED, problems


@transaction.atomic
def save_words(
    *, line: Line | None, language: str, texts: Mapping[str, str], user: Any
) -> BotWords:
    """Keep staff's words of a line, or of every line: only those that differ from what would hold.

    Raises ValidationError with what is wrong, by the text's name.
    """
    if language not in SHIPPED:
        raise ValidationError(
            {"language": [gettext("There are no shipped words in this language.")]}
        )
    if wrong := problems(texts):
        raise ValidationError({key: [reason] for key, reason in wrong.items()})
    inherited = words_for(None, language) if line else SHIPPED[language]
    own = {key: text for key, text in texts.items() if text != inherited[key]}
    words, _ = BotWords.objects.update_or_create(
        line=line, language=language, defaults={"texts": own, "changed_by": user}
    )
    return words


def reset_words(*, line: Line | None, language: str) -> bool:
    """Let the line say again what every line says, or what is shipped. False: it did already."""
    removed, _ = BotWords.objects.filter(line=line, language=language).delete()
    return removed > 0
