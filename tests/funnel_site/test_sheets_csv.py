"""CSV in every dress, local files, and the columns found in a header."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel_site.lib.sheet_rows import SheetRefusedError, header_index, parse_csv
from funnel_site.lib.sheets import read_table

ROWS = [["stage", "phrase"], ["opening", "halo"]]


@pytest.mark.parametrize(
    "data",
    [
        b"stage,phrase\r\nopening,halo\r\n",
        b"stage;phrase\nopening;halo",
        b"stage\tphrase\nopening\thalo\n",
        b"stage|phrase\nopening|halo\n",
        b"stage,phrase\ropening,halo\r",
        b'"stage","phrase"\n"opening","halo"\n',
        b"\xef\xbb\xbfstage;phrase\nopening;halo\n",
        "stage;phrase\nopening;halo\n".encode("utf-16"),
        b"\xfe\xff" + "stage\tphrase\nopening\thalo\n".encode("utf-16-be"),
    ],
)
def test_csv_is_read_in_every_dress(data: bytes) -> None:
    assert parse_csv(data) == ROWS


def test_a_delimiter_inside_quotes_is_no_delimiter() -> None:
    assert parse_csv(b'"a, b, c";d\n1;2\n') == [["a, b, c", "d"], ["1", "2"]]


def test_old_windows_text_is_read() -> None:
    rows = parse_csv("kata kunci;kanal\ncafé “trial” – déjà;instagram\n".encode("cp1252"))

    assert rows[1] == ["café “trial” – déjà", "instagram"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\n<HTML lang=id>", "web page"),
        (b"PK\x03\x04rest", "Excel"),
        (b"a,b\x00\n", "not a CSV"),
        (b'a,b\n"open,2\n', "cannot be read"),
        (b"a," + b"x" * 200_000, "cannot be read"),
        (b"\xff\xfea", "encoding"),
    ],
)
def test_what_is_no_csv_is_refused_with_advice(data: bytes, words: str) -> None:
    with pytest.raises(SheetRefusedError, match=words):
        parse_csv(data)


@pytest.mark.parametrize("data", [b"", b" \r\n\n"])
def test_an_empty_file_is_no_rows(data: bytes) -> None:
    assert parse_csv(data) == []


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_refused(data: bytes) -> None:
    with suppress(SheetRefusedError):
        assert isinstance(parse_csv(data), list)


def test_a_local_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "keywords.csv"
    file.write_bytes(b"stage,phrase\nopening,halo\n")

    assert read_table(str(file)) == ROWS


def test_a_file_of_more_than_ten_megabytes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keywords.csv"
    file.write_bytes(b"a,b\n" * (3 * 2**20))

    with pytest.raises(SheetRefusedError, match="10 MB"):
        read_table(str(file))


@pytest.mark.parametrize("source", ["nothing.csv", "", "/", "a\x00b.csv", "x/" * 3_000, "y" * 300])
def test_a_file_that_is_not_there_is_refused(source: str) -> None:
    with pytest.raises(SheetRefusedError):
        read_table(source)


def test_columns_are_found_by_name_alias_and_any_spelling() -> None:
    header = ["\ufeffStage ", "Kata  Kunci", "", "Lead Channel", ""]

    assert header_index([header], ["stage", "phrase"], {"kata kunci": "phrase"}) == {
        "stage": 0,
        "phrase": 1,
        "lead_channel": 3,
    }


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "empty"),
        ([[]], "empty"),
        ([["", " "], [""]], "empty"),
        ([["stage"]], "no column “phrase”"),
        ([[], ["stage", "phrase"]], "no column “stage”, “phrase”"),
        ([["stage", "phrase", "Phrase"]], "“phrase” is there twice"),
        ([["stage", "phrase", "keyword"]], "“phrase” is there twice"),
    ],
)
def test_a_header_in_doubt_is_refused(rows: list[list[str]], words: str) -> None:
    with pytest.raises(SheetRefusedError, match=words):
        header_index(rows, ["stage", "phrase"], {"keyword": "phrase"})
