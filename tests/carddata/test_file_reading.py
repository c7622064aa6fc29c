"""Bytes to rows: encodings, lines, quotation marks, times, contacts, card ids and columns."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from carddata.contacts import contact_reader, unwrap
from carddata.encodings import detect_encoding
from carddata.lines import Record, Shape, physical_lines, read_records
from carddata.moments import check_formats, moment_reader
from carddata.profiles import check_profile, read_header
from carddata.refusals import FileRefusedError, ProfileError, RowRefusedError
from carddata.rows import normalise_card_id, row_reader, status_reader
from funnel_site.lib.phone import PhoneError, normalise_phone
from tests.carddata.making import COURIER, HEADER

PROFILE: dict[str, Any] = {
    "partner": 1,
    "encoding": "",
    "delimiter": "",
    "default_status": "",
    "rank": 50,
    **COURIER,
}


def records(content: bytes, *, width: int = 3, encoding: str = "utf-8") -> list[Record]:
    return list(
        read_records(physical_lines(io.BytesIO(content), encoding), Shape(",", width, one_line=[0]))
    )


@pytest.mark.parametrize(
    ("sample", "name", "is_guess"),
    [
        (b"ID,Card\n1,2\n", "utf-8", False),
        (b"\xef\xbb\xbfID,Card\n", "utf-8-sig", False),
        ("ID,Card\n".encode("utf-16"), "utf-16", False),
        ("ID,Card\n1,2\n".encode("utf-16-le"), "utf-16-le", True),
        ("ID,Card\n1,2\n".encode("utf-16-be"), "utf-16-be", True),
        ("ID,Card\n".encode("utf-32"), "utf-32", False),
        ("ID,Comment\n1,Café fermé, reçu à l'étage\n".encode("latin-1"), "cp1252", True),
        ("1,Café\n".encode() + b"2,Caf\xe9\n", "utf-8", False),
    ],
)
def test_the_encoding_is_found(sample: bytes, name: str, is_guess: bool) -> None:
    found = detect_encoding(sample)

    assert (found.name, found.is_guess) == (name, is_guess)


def test_a_mark_outranks_the_setting_and_the_setting_a_guess() -> None:
    assert detect_encoding(b"\xef\xbb\xbfID", "cp1252").name == "utf-8-sig"
    assert detect_encoding(b"Caf\xe9", "cp850").name == "cp850"


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest", "not_csv"),
        (b"\x1f\x8b\x08rest", "not_csv"),
        (b"\xd0\xcf\x11\xe0rest", "not_csv"),
        (b"%PDF-1.7", "not_csv"),
        (b"ab\x00\x01\x02\x00cd\x00", "not_csv"),
    ],
)
def test_what_is_no_text_is_refused(sample: bytes, code: str) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        detect_encoding(sample)

    assert refusal.value.code == code


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_line_ends_are_read_and_the_last_line_needs_none(end: str) -> None:
    found = records(end.join(["a,b,c", "d,e,f", "g,h,i"]).encode())

    assert [record.cells for record in found] == [list("abc"), list("def"), list("ghi")]
    assert [record.line for record in found] == [1, 2, 3]


def test_mixed_line_ends_and_blocks_cut_anywhere_give_the_same_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = b'a,b,c\r\nd,"e\nx",f\rg,h,i\nj,k,l\r\n' * 7

    whole = records(content)
    for block in (1, 2, 3, 5, 8):
        monkeypatch.setattr("carddata.lines.BLOCK", block)
        assert records(content) == whole
    assert whole[1].cells == ["d", "e\nx", "f"]
    assert whole[-1].line == 35


def test_an_unclosed_quote_costs_its_own_line_alone() -> None:
    found = records(b'a,b,c\nd,"e,f\ng,h,i\n"j",k,l\nm,n,"o"\n')

    assert [(record.line, record.code) for record in found] == [
        (1, ""),
        (2, "unclosed_quote"),
        (3, ""),
        (4, ""),
        (5, ""),
    ]


def test_a_quoted_line_end_in_a_field_that_has_none_is_an_unclosed_quote() -> None:
    found = records(b'"a\nb",c,d\ne,f,"g\nh"\n')

    assert [(record.line, record.code) for record in found] == [
        (1, "unclosed_quote"),
        (2, ""),
        (3, ""),
    ]
    # A mark in the midst of a cell is part of it, as in 5" pipe.
    assert found[1].cells == ['b"', "c", "d"]
    assert found[2].cells == ["e", "f", "g\nh"]


def test_broken_lines_are_named_and_the_next_line_is_read() -> None:
    content = (
        b"a,b,c\nd,\x00,f\ng,\xe9,i\n" + b"x" * 300_000 + b"\nj,k,l\n" + b"y" * 70_000 + b"\nm,n,o"
    )

    found = records(content)

    assert [record.code for record in found] == [
        "", "nul_byte", "bad_encoding", "line_too_long", "", "line_too_long", "",
    ]  # fmt: skip
    assert [record.line for record in found] == list(range(1, 8))
    assert max(len(record.raw) for record in found) <= 70_000


@hypothesis_settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_records_and_no_error(content: bytes) -> None:
    found = records(content.replace(b"\x00", b""))

    assert [record.line for record in found] == sorted({record.line for record in found})


DUBAI_NOON = datetime(2023, 11, 13, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("formats", "text", "moment"),
    [
        (["%d-%m-%Y %I:%M %p"], "12-11-2023 11:59 PM", datetime(2023, 11, 12, 19, 59, tzinfo=UTC)),
        (["%d-%m-%Y %I:%M %p"], "13-11-2023 12:00PM", DUBAI_NOON),
        (["%d-%m-%Y %I:%M %p"], "13-11-2023 12:00 am", datetime(2023, 11, 12, 20, tzinfo=UTC)),
        (["%d-%m-%Y %I:%M %p"], "11-11-2023 3:45 AM", datetime(2023, 11, 10, 23, 45, tzinfo=UTC)),
        (["%d-%m-%Y %H:%M"], "13-11-2023 12:00", DUBAI_NOON),
        (["%m/%d/%Y %H:%M:%S"], "11/13/2023 12:00:00", DUBAI_NOON),
        (["%d %b %Y %H:%M"], "13 Nov 2023 12:00", DUBAI_NOON),
        (["%Y-%m-%dT%H:%M:%S%z"], "2023-11-13T13:30:00+05:30", DUBAI_NOON),
        (["iso8601"], "2023-11-13T08:00:00Z", DUBAI_NOON),
        (["iso8601"], "2023-11-13T12:00:00", DUBAI_NOON),
        (["epoch_seconds"], "1699862400", DUBAI_NOON),
        (["epoch_milliseconds"], "1699862400000", DUBAI_NOON),
        (["epoch_seconds", "epoch_milliseconds"], "1699862400000", DUBAI_NOON),
        (["%d-%m-%Y %H:%M", "iso8601"], "2023-11-13T12:00:00", DUBAI_NOON),
    ],
)
def test_times_are_read_by_the_agreed_formats(
    formats: list[str], text: str, moment: datetime
) -> None:
    check_formats(formats)

    read = moment_reader(formats, "Asia/Dubai")

    assert read(text) == moment
    assert read(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "31-02-2023 10:00", "30-02-2023 10:00", "13-11-2023 24:00", "13-11-2023 23:60",
        "13-11-23 10:00", "11-13-2023 10:00", "2023-11-13 10:00", "13-11-0001 10:00",
        "13-11-1999 10:00", "", "tomorrow", "13-11-2023", "13-11-2023 10:00 PM", "13.11.2023 10:00",
        "١٣-11-2023 10:00", "13-11-2023 10:00\n", "NaN", "0", "-1", "13-11-294276 10:00",
    ],
)  # fmt: skip
def test_other_times_are_refused_never_guessed(text: str) -> None:
    read = moment_reader(["%d-%m-%Y %H:%M"], "Asia/Dubai")
    read("12-11-2023 10:00")

    with pytest.raises(ValueError, match=r"formats|2000"):
        read(text)


@hypothesis_settings(deadline=None)
@given(
    moment=st.datetimes(datetime(2001, 1, 1), datetime(2037, 12, 31)),  # noqa: DTZ001 - wall clock
    zone=st.sampled_from(["Asia/Dubai", "Europe/London", "America/Sao_Paulo", "Asia/Jakarta"]),
)
def test_the_quick_reading_of_halves_is_the_full_one(moment: datetime, zone: str) -> None:
    formats = ["%d-%m-%Y %I:%M %p"]
    text = moment.strftime(formats[0])

    quick = moment_reader(formats, zone)
    full = moment_reader([*formats, "iso8601"], zone)

    assert quick(text) == full(text)


@pytest.mark.parametrize(
    "formats",
    [["%d-%m-%Y %H:%M", "%m-%d-%Y %H:%M"], [], ["%d-%m-%y"], ["%H:%M"], ["%Q"], "iso8601"],
)
def test_formats_that_could_mean_two_things_are_refused(formats: Any) -> None:
    with pytest.raises(ProfileError) as error:
        check_formats(formats)

    assert error.value.field == "timestamp_formats"


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("585949014", "+971585949014"),
        ('"0585949014"', "+971585949014"),
        ("971534534534", "+971534534534"),
        ("+971 53 453 4534", "+971534534534"),
        ("545576586.0", "+971545576586"),
        ('="0545576586"', "+971545576586"),
        ("'0545576586", "+971545576586"),
        ("5.45576586E+08", "+971545576586"),
        ("", ""),
        ('""', ""),
    ],
)
def test_contacts_are_unwrapped(cell: str, number: str) -> None:
    assert contact_reader("AE")(cell) == number


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("5.45577E+08", "damaged_contact"),
        ("5,45577e8", "damaged_contact"),
        ("call me", "bad_contact"),
        ("12", "bad_contact"),
        ("0" * 70, "bad_contact"),
        ("=HYPERLINK(1)", "bad_contact"),
    ],
)
def test_damaged_contacts_are_refused_with_a_reason(cell: str, reason: str) -> None:
    with pytest.raises(RowRefusedError) as refusal:
        contact_reader("AE")(cell)

    assert refusal.value.reason == reason


@hypothesis_settings(deadline=None)
@given(
    digits=st.from_regex(
        r"(0|00|971|62|44|49|\+971)?[0-9]{5,11}|(0|971)?5[0-9]{8}", fullmatch=True
    ),
    region=st.sampled_from(["AE", "ID", "GB", "DE", "BR", "MX", "US", "IT", "IN", "JP", "RU"]),
)
def test_the_quick_reading_of_contacts_is_the_full_one(digits: str, region: str) -> None:
    read = contact_reader(region)
    try:
        wanted = normalise_phone(unwrap(digits), region)
    except PhoneError:
        with pytest.raises(RowRefusedError):
            read(digits)
    else:
        assert read(digits) == wanted


@pytest.mark.parametrize(
    ("text", "card"),
    [
        ("zyw7631", "ZYW7631"),
        (" ZYW 7631 ", "ZYW7631"),
        ("ＺＹＷ７６３１", "ZYW7631"),
        ("A-1_b", "A-1_B"),
    ],
)
def test_card_ids_are_normalised(text: str, card: str) -> None:
    assert normalise_card_id(text) == card


@pytest.mark.parametrize(
    "text",
    ["", " ", "1.23E+07", "Robert'); DROP TABLE carddata_cardevent;--", "ZУW7631", "Z\u200bYW", "A" * 33,
     "A" * 10_000, "=1+1", "*", "%", "-A", "ZYW\x007"],
)  # fmt: skip
def test_other_card_ids_are_refused(text: str) -> None:
    with pytest.raises(RowRefusedError) as refusal:
        normalise_card_id(text)

    assert refusal.value.reason == "bad_card_id"


def test_words_are_mapped_without_guessing() -> None:
    read = status_reader(PROFILE)

    assert read(" delivered ")[0] == "delivered"
    assert read("deliverd")[0] == "unknown"
    assert read("")[0] == "unknown"
    assert status_reader(PROFILE | {"default_status": "picked_up"})("")[0] == "picked_up"


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        (HEADER, ","),
        ("Comment;Timestamp;USER_CONTACT;CardID;id", ";"),
        ("Card ID\tTimestamp\tUser contact\tComment", "\t"),
        ("Card ID|Timestamp|User contact|Comment", "|"),
        ('"Card ID","Timestamp","User contact","Comment, free","Comment"', ","),
    ],
)
def test_columns_are_found_by_name_in_any_order(header: str, delimiter: str) -> None:
    layout = read_header(header, PROFILE)

    assert layout.delimiter == delimiter
    assert {"card_id", "timestamp", "contact", "status"} <= set(layout.places)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Card ID,User contact,Comment", "missing_column"),
        ("Kartennummer,Timestamp,User contact,Comment", "missing_column"),
        ("A073,ZYW7631,0545576586,13-11-2023 16:00,DELIVERED", "missing_column"),
        ("Card ID,CardID,Timestamp,User contact,Comment", "duplicate_column"),
    ],
)
def test_a_header_that_does_not_fit_is_refused_in_one_sentence(header: str, code: str) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read_header(header, PROFILE)

    assert refusal.value.code == code
    assert len(str(refusal.value)) < 500


def test_the_wrong_delimiter_is_named() -> None:
    with pytest.raises(FileRefusedError, match=r"separated by “;”.*says “,”"):
        read_header(HEADER.replace(",", ";"), PROFILE | {"delimiter": ","})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"columns": {"card_id": ["Card"]}}, "columns"),
        ({"columns": {**COURIER["columns"], "colour": ["C"]}}, "columns"),
        ({"columns": {**COURIER["columns"], "comment": ["CardID"]}}, "columns"),
        ({"columns": []}, "columns"),
        ({"timestamp_formats": ["%d/%m"]}, "timestamp_formats"),
        ({"time_zone": "Dubai"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"phone_region": "UAE"}, "phone_region"),
        ({"status_map": {"OK": "fine"}}, "status_map"),
        ({"default_status": "fine"}, "default_status"),
        ({"columns": {"card_id": ["Card"], "timestamp": ["Time"]}}, "default_status"),
        ({"encoding": "klingon"}, "encoding"),
        ({"encoding": "base64"}, "encoding"),
        ({"delimiter": "x"}, "delimiter"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ProfileError) as error:
        check_profile(PROFILE | change)

    assert error.value.field == field


def test_a_future_time_is_refused_and_a_formula_is_only_text() -> None:
    layout = read_header(HEADER, PROFILE)
    read = row_reader(PROFILE, layout, latest=datetime(2023, 11, 14, tzinfo=UTC))

    row = read(["A1", "ZYW1", "0545576586", "13-11-2023 10:00", '=HYPERLINK("http://x")'], 2)
    with pytest.raises(RowRefusedError) as refusal:
        read(["A1", "ZYW1", "0545576586", "13-11-2033 10:00", ""], 3)

    assert row.comment == '=HYPERLINK("http://x")'
    assert refusal.value.reason == "future_timestamp"
