"""A keyword sheet's rows to keywords, in each of the layouts that teams use.

- `stage, phrase, channel`: our own;
- `keyword, channel`: opening keywords;
- `keyword, category, is_active`: category one of opening, booking, booking_intent, transaction;
- `opening, booking, transaction`: a column of phrases for each stage.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from funnel_site.lib.marking import marked
from funnel_site.lib.sheet_rows import SheetRefusedError, header_index
from funnels.matching import normalise
from funnels.stages import Stage

PHRASE_LENGTH = 200
CHANNEL_LENGTH = 32
STAGE_WORDS = {
    "opening": Stage.OPENING,
    "lead": Stage.OPENING,
    "booking": Stage.BOOKING,
    "booking_intent": Stage.BOOKING,
    "transaction": Stage.TRANSACTION,
}
INACTIVE_WORDS = frozenset({"0", "false", "no", "n", "tidak", "nonaktif", "inactive"})
ALIASES = {"keyword": "phrase", "kata kunci": "phrase", "category": "stage", "tahap": "stage"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordRow:
    """A usable row of the sheet."""

    stage: Stage
    phrase: str
    channel: str


@dataclass(slots=True)
class KeywordTable:
    """The sheet as read: the keywords, by stage and normalised phrase, and what could not be used."""

    rows: dict[tuple[Stage, str], KeywordRow] = field(default_factory=dict)
    rejected: list[str] = field(default_factory=list)


def read_keyword_rows(table: Sequence[Sequence[str]]) -> KeywordTable:
    """Read a sheet, header first.

    A bad row is listed with its line and left out. Raises SheetRefusedError where the sheet as a whole
    cannot be right: empty, without a known header, or without one usable row.
    """
    read = KeywordTable()
    for line, stage_word, phrase, channel in _cells(table):
        reason = _place(read, stage_word, phrase, channel)
        if reason:
            read.rejected.append(marked("line %(line)s: %(reason)s", line=line, reason=reason))
    if not read.rows:
        raise SheetRefusedError(
            marked("The sheet has no usable row; the keywords stay as they are.")
        )
    return read


def _place(read: KeywordTable, stage_word: str, phrase: str, channel: str) -> str:
    """Take one row up; the reason where it cannot be used."""
    stage = STAGE_WORDS.get(stage_word.strip().casefold())
    if stage is None:
        return marked("the stage is none of opening, booking, transaction")
    text = " ".join(phrase.split())
    key = normalise(text)
    if not key:
        return marked("the phrase is empty")
    if len(text) > PHRASE_LENGTH:
        return marked("the phrase has more than %(most)s characters", most=PHRASE_LENGTH)
    channel = channel.strip().casefold()
    if len(channel) > CHANNEL_LENGTH or not channel.isprintable():
        return marked(
            "the channel has more than %(most)s printable characters", most=CHANNEL_LENGTH
        )
    known = read.rows.get((stage, key))
    if known and known.channel != channel:
        return marked("the phrase is there before, with another channel")
    read.rows.setdefault((stage, key), KeywordRow(stage=stage, phrase=text, channel=channel))
    return ""


def _cells(table: Sequence[Sequence[str]]) -> Iterator[tuple[int, str, str, str]]:
    """Line, stage, phrase and channel of each row that holds anything."""
    names = [cell.strip().casefold() for cell in table[0]] if table else []
    if "opening" in names and "phrase" not in names and "keyword" not in names:
        yield from _columns_by_stage(table)
        return
    columns = header_index(table, ["phrase"], ALIASES)
    for line, row in enumerate(table[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if _cell(row, columns.get("is_active")).strip().casefold() in INACTIVE_WORDS:
            continue
        stage = _cell(row, columns["stage"]) if "stage" in columns else Stage.OPENING.value
        yield line, stage, _cell(row, columns["phrase"]), _cell(row, columns.get("channel"))


def _columns_by_stage(table: Sequence[Sequence[str]]) -> Iterator[tuple[int, str, str, str]]:
    columns = header_index(table, ["opening"], {})
    for line, row in enumerate(table[1:], start=2):
        for name, place in columns.items():
            if name in STAGE_WORDS and (phrase := _cell(row, place)).strip():
                yield line, name, phrase, ""


def _cell(row: Sequence[str], place: int | None) -> str:
    return row[place] if place is not None and place < len(row) else ""
