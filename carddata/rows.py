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
            "bad_card_id", "card_id", "A card id has up to 32 letters, digits, - and _."
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
    cell_of = {field: _cell(layout, field) for field in ("status", "comment", "consignment_no")}
    card_at, time_at = layout.places["card_id"], layout.places["timestamp"]
    contact_at = layout.places.get("contact")
    reference_at = layout.reference
    width = len(layout.header)
    moment, contact = (
        moment_reader(profile["timestamp_formats"], profile["time_zone"]),
        contact_reader(profile["phone_region"]),
    )
    status_of = status_reader(profile)
    partner = str(profile["partner"])
    is_card_id = CARD_ID.fullmatch

    def read(cells: list[str], line: int) -> CardRow:
        if len(cells) != width:
            raise _wrong_count(len(cells), width)
        if reference_at is not None:
            cells = [unguard(cell) for cell in cells]
        card_id = cells[card_at]
        if not is_card_id(card_id):
            card_id = normalise_card_id(card_id)
        occurred_at = _moment(moment, cells[time_at], latest)
        number = "" if contact_at is None else contact(cells[contact_at])
        word = cell_of["status"](cells)
        comment = cell_of["comment"](cells) or word
        consignment_no = cell_of["consignment_no"](cells)
        status, its_weight = status_of(word)
        said = "\x1f".join((partner, number, word, comment, consignment_no))
        return CardRow(
            card_id,
            occurred_at,
            blake2b(said.encode(), digest_size=16).hexdigest(),
            status,
            its_weight,
            number,
            word,
            comment,
            consignment_no,
            line,
            "" if reference_at is None else cells[reference_at].strip(),
        )

    return read


def _moment(read: Callable[[str], datetime], cell: str, latest: datetime) -> datetime:
    text = cell.strip()
    try:
        moment = read(text)
    except ValueError as error:
        raise RowRefusedError("bad_timestamp", "timestamp", f"“{text[:60]}”: {error}") from error
    if moment > latest:
        raise RowRefusedError("future_timestamp", "timestamp", f"“{text[:60]}” lies in the future")
    return moment


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
            raise RowRefusedError("text_too_long", field, f"More than {longest} characters")
        return text

    return lambda cells: read(cells[at])


def _wrong_count(found: int, wanted: int) -> RowRefusedError:
    return RowRefusedError("wrong_cell_count", "", f"{found} cells where the header has {wanted}")
