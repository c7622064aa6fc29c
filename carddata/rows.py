"""From the cells of one row to what it says of a card, or why it says nothing. No database, no clock."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from carddata.contacts import contact_reader
from carddata.moments import moment_reader
from carddata.profiles import Layout
from carddata.refusals import RowRefusedError
from carddata.statuses import Status, weight
from funnel_site.lib.marking import marked
from funnel_site.lib.text import clean_text

CARD_ID = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,31}", re.ASCII)
BLANKS = re.compile(r"\s+")
LONGEST = {"word": 200, "comment": 500, "consignment_no": 64}


class CardRow(NamedTuple):
    """What one row says. The first three fields are what makes it the same event elsewhere."""

    card_id: str
    occurred_at: datetime
    content: str
    status: str
    weight: int
    contact: str
    word: str
    comment: str
    consignment_no: str
    line: int
    reference: str


def normalise_card_id(text: str) -> str:
    """A card's id as we keep it: no blanks, capitals. Raises RowRefusedError for what is none.

    >>> normalise_card_id(" zyw 7631 ")
    'ZYW7631'
    """
    plain = BLANKS.sub("", unicodedata.normalize("NFKC", text[:200])).upper()
    if not CARD_ID.fullmatch(plain):
        raise RowRefusedError(
            "bad_card_id", "card_id", marked("A card id has up to 32 letters, digits, - and _.")
        )
    return plain


def tidy(text: str) -> str:
    """A text in one line, without what cannot be stored or shown.

    >>> tidy(" User not\\n available ")
    'User not available'
    """
    return BLANKS.sub(" ", clean_text(text)[0]).strip()


def folded_word(word: str) -> str:
    """A partner's word as the status map is searched: blanks and capitals do not matter."""
    return BLANKS.sub(" ", word).strip().casefold()


def status_reader(profile: Mapping[str, Any]) -> Callable[[str], tuple[str, int]]:
    """A function from a partner's word to our status and its weight.

    A row without a word has the partner's default; a word that is not in the map is `unknown`,
    never a guess.
    """
    known = {folded_word(word): status for word, status in profile["status_map"].items()}
    default = profile["default_status"] or Status.UNKNOWN.value
    rank = profile["rank"]

    @lru_cache(maxsize=4_096)
    def read(word: str) -> tuple[str, int]:
        status = known.get(folded_word(word), Status.UNKNOWN.value) if word else default
        return status, weight(status, rank)

    return read


def row_reader(
    profile: Mapping[str, Any],
    layout: Layout,
    *,
    latest: datetime,
    unguard: Callable[[str], str] = str,
) -> Callable[[list[str], int], CardRow]:
    """A function from a row's cells and line number to what it says; raises RowRefusedError.

    `latest` is the moment after which a time is refused as lying in the future. Cells are only
    put through `unguard` in a file of ours that came back, which the reference column tells.
    """
    card_at, time_at = layout.places["card_id"], layout.places["timestamp"]
    contact_at, reference_at = layout.places.get("contact"), layout.reference
    word_of, comment_of, consignment_of = (
        _cell(layout, field) for field in ("status", "comment", "consignment_no")
    )
    width = len(layout.header)
    moment = _moment_until(latest, profile)
    contact = contact_reader(profile["phone_region"])
    status_of = status_reader(profile)
    partner = str(profile["partner"])
    is_card_id = CARD_ID.fullmatch
    # A named tuple's own constructor takes twice the time, a million times.
    new_row = tuple.__new__

    def read(cells: list[str], line: int) -> CardRow:
        if len(cells) != width:
            raise _wrong_count(len(cells), width)
        if reference_at is not None:
            cells = [unguard(cell) for cell in cells]
        card_id = cells[card_at]
        if not is_card_id(card_id):
            card_id = normalise_card_id(card_id)
        occurred_at = moment(cells[time_at])
        number = contact(cells[contact_at]) if contact_at is not None else ""
        word = word_of(cells)
        comment = comment_of(cells) or word
        consignment_no = consignment_of(cells)
        status, its_weight = status_of(word)
        said = f"{partner}\x1f{number}\x1f{word}\x1f{comment}\x1f{consignment_no}"
        row = (
            card_id, occurred_at, blake2b(said.encode(), digest_size=16).hexdigest(),
            status, its_weight, number, word, comment, consignment_no, line,
            cells[reference_at].strip() if reference_at is not None else "",
        )  # fmt: skip
        return new_row(CardRow, row)

    return read


def _moment_until(latest: datetime, profile: Mapping[str, Any]) -> Callable[[str], datetime]:
    """A function from a cell to its moment; raises RowRefusedError for none, and for one to come."""
    moment = moment_reader(profile["timestamp_formats"], profile["time_zone"])

    def read(cell: str) -> datetime:
        try:
            occurred_at = moment(cell.strip())
        except ValueError as error:
            raise _refused_time("bad_timestamp", cell, error.args[0]) from error
        if occurred_at > latest:
            raise _refused_time("future_timestamp", cell, marked("lies in the future"))
        return occurred_at

    return read


def _refused_time(reason: str, cell: str, why: str) -> RowRefusedError:
    return RowRefusedError(
        reason, "timestamp", marked("“%(cell)s”: %(why)s", cell=cell.strip()[:60], why=why)
    )


def _cell(layout: Layout, field: str) -> Callable[[list[str]], str]:
    at = layout.places.get(field)
    if at is None:
        return lambda _: ""
    # A partner's status word is kept under the word's length.
    longest = LONGEST["word" if field == "status" else field]

    @lru_cache(maxsize=8_192)
    def read(cell: str) -> str:
        text = tidy(cell)
        if len(text) > longest:
            raise RowRefusedError(
                "text_too_long", field, marked("More than %(most)s characters", most=longest)
            )
        return text

    return lambda cells: read(cells[at])


def _wrong_count(found: int, wanted: int) -> RowRefusedError:
    return RowRefusedError(
        "wrong_cell_count",
        "",
        marked("%(found)s cells where the header has %(wanted)s", found=found, wanted=wanted),
    )
