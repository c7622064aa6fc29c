"""One spelling of a card id, whoever types it. Text in, text out."""

import unicodedata

LONGEST = 32


class CardIdError(ValueError):
    """The text is no card id. The message says why, without the text."""


def read_card_id(text: str) -> str:
    """The id as it is stored: full-width forms folded, blanks gone, capitals.

    Letters of other scripts that look like Latin ones stay what they are: such a card is unknown.
    Raises CardIdError for nothing, for more than 32 characters and for what cannot be seen.

    >>> read_card_id(" zyw 7631\\n")
    'ZYW7631'
    """
    card_id = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    if not card_id:
        raise CardIdError("A card id is missing.")
    if len(card_id) > LONGEST:
        raise CardIdError(f"A card id has at most {LONGEST} characters.")
    if not card_id.isprintable():
        raise CardIdError("A card id has no invisible characters.")
    return card_id
