"""The words by which a customer ends and renews our leave to write to them.

Whole messages only: "please stop by the shop" is not STOP. The English words are those that Twilio
itself obeys (its "Support for Opt-Out Keywords"); BERHENTI is what Indonesians type.
"""

import unicodedata

OPT_OUT = frozenset(
    {
        "STOP",
        "STOPALL",
        "UNSUBSCRIBE",
        "CANCEL",
        "END",
        "QUIT",
        "REVOKE",
        "OPTOUT",
        "BERHENTI",
    }
)
OPT_IN = frozenset({"START", "UNSTOP", "YES", "MULAI"})
"""Words that opt in again. To a customer who has not opted out they are words like any other."""

LONGEST_WORD = 40


def one_word(text: str) -> str:
    """The whole message as one word in capitals, without marks around it; "" where it is longer.

    >>> one_word("  stop! "), one_word("stop by")
    ('STOP', '')
    """
    if len(text) > LONGEST_WORD:
        return ""
    word = unicodedata.normalize("NFKC", text).strip(" \t\r\n.!?,;:'\"*_~").upper()
    return word if word and not any(one.isspace() for one in word) else ""


def is_opt_out(text: str) -> bool:
    return one_word(text) in OPT_OUT


def is_opt_in(text: str) -> bool:
    return one_word(text) in OPT_IN
