"""Days and times are read relative to when the message was sent: Monday 21 April 2025, 10:00."""

from datetime import UTC, datetime

import pytest

from funnels.dates import read_date
from tests.funnels.reading import JAKARTA, SENT_AT


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("hari ini", "2025-04-21"),
        ("besok", "2025-04-22"),
        ("BESOK ya", "2025-04-22"),
        ("lusa", "2025-04-23"),
        ("besok lusa", "2025-04-23"),
        ("tulat", "2025-04-24"),
        ("kemarin", "2025-04-20"),
        ("kemarin lusa", "2025-04-19"),
        ("minggu depan", "2025-04-28"),
        ("hari minggu", "2025-04-27"),
        ("minggu pagi", "2025-04-27"),
        ("selasa minggu depan", "2025-04-29"),
        ("minggu depan hari selasa", "2025-04-29"),
        ("senin depan", "2025-04-28"),
        ("hari senin", "2025-04-28"),
        ("senin ini", "2025-04-21"),
        ("Sabtu ini", "2025-04-26"),
        ("Sabtu depan", "2025-05-03"),
        ("jum'at", "2025-04-25"),
        ("2 hari lagi", "2025-04-23"),
        ("dua minggu lagi", "2025-05-05"),
        ("akhir bulan", "2025-04-30"),
        ("tgl 5 desember", "2025-12-05"),
        ("tanggal 25 Desember 2026", "2026-12-25"),
        ("tgl 30", "2025-04-30"),
        ("tgl 3", "2025-05-03"),
        ("tanggal 31", "2025-05-31"),
        ("tgl 5 bulan depan", "2025-05-05"),
        ("21/4/2025", "2025-04-21"),
        ("17/8/26", "2026-08-17"),
        ("13/5", "2025-05-13"),
        ("5/13", "2025-05-13"),
        ("5.6.2025", "2025-06-05"),
        ("2025-10-01", "2025-10-01"),
        ("21 April", "2025-04-21"),
        ("20 April", "2025-04-20"),
        ("3 mar", "2026-03-03"),
        ("May 5th, 2025", "2025-05-05"),
        ("april 25 kak", "2025-04-25"),
        ("next Monday", "2025-04-28"),
        ("next friday", "2025-05-02"),
        ("in 2 days", "2025-04-23"),
        ("the day after tomorrow", "2025-04-23"),
        ("on sat", "2025-04-26"),
    ],
)
def test_a_day_is_read(text: str, day: str) -> None:
    said = read_date(text, sent_at=SENT_AT, zone=JAKARTA)

    assert said is not None
    assert said.at == datetime.fromisoformat(day).replace(tzinfo=JAKARTA)
    assert not said.has_time


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("besok jam 3", "2025-04-22T15:00"),
        ("besok jam 10 pagi", "2025-04-22T10:00"),
        ("jam 3 sore", "2025-04-21T15:00"),
        ("jam 9 pagi", "2025-04-22T09:00"),
        ("jam 15.30", "2025-04-21T15:30"),
        ("jam setengah 4 sore", "2025-04-21T15:30"),
        ("setengah 4 sore", "2025-04-21T15:30"),
        ("jumat pukul 19:30", "2025-04-25T19:30"),
        ("jumat jam 8 malem", "2025-04-25T20:00"),
        ("ntar malem jam 7", "2025-04-21T19:00"),
        ("besok jam 9-11 pagi", "2025-04-22T09:00"),
        ("besok jam 12 siang", "2025-04-22T12:00"),
        ("besok jam 12 malam", "2025-04-22T00:00"),
        ("28 april 09.00 kak", "2025-04-28T09:00"),
        ("tomorrow at 3pm", "2025-04-22T15:00"),
        ("5 May at 14:30", "2025-05-05T14:30"),
        ("friday 12am", "2025-04-25T00:00"),
    ],
)
def test_a_time_is_read(text: str, moment: str) -> None:
    said = read_date(text, sent_at=SENT_AT, zone=JAKARTA)

    assert said is not None
    assert said.at == datetime.fromisoformat(moment).replace(tzinfo=JAKARTA)
    assert said.has_time


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("31/02", "impossible_date"),
        ("31 april", "impossible_date"),
        ("2025-13-01", "impossible_date"),
        ("12-05-1969", "past"),
        ("lahir 12/05/2015", "past"),
        ("5 mei 2029", "too_far"),
        ("29 februari", "too_far"),
        ("999 hari lagi", "too_far"),
    ],
)
def test_a_day_that_cannot_be_meant_is_no_day_and_says_why(text: str, doubt: str) -> None:
    said = read_date(text, sent_at=SENT_AT, zone=JAKARTA)

    assert said is not None
    assert (said.at, said.doubt) == (None, doubt)


@pytest.mark.parametrize(
    ("text", "day", "doubt"),
    [
        ("12/11", "2025-11-12", "ambiguous_day_month"),
        ("11/11", "2025-11-11", ""),
        ("20/4/2025", "2025-04-20", "past"),
    ],
)
def test_the_day_comes_first_and_a_doubt_is_noted(text: str, day: str, doubt: str) -> None:
    said = read_date(text, sent_at=SENT_AT, zone=JAKARTA)

    assert said is not None
    assert said.at is not None
    assert (said.at.date().isoformat(), said.doubt) == (day, doubt)


@pytest.mark.parametrize(
    "text",
    [
        "", "halo", "minggu", "bulan depan", "mei 2025", "I may sit and wed", "10.000", "150.000", "20250501", "jam 25",
        "versi 1.2.25", "0812-3456-7890", "jam berapa", "3 orang", "192.168.1.1", "1/2 hari", "senin" + "kan",
        "2 malam", "Rp 3.50", "tgl berapa", "12.05",
    ],
)  # fmt: skip
def test_what_is_no_day_is_not_read(text: str) -> None:
    assert read_date(text, sent_at=SENT_AT, zone=JAKARTA) is None


def test_the_day_is_that_of_the_zone_not_of_the_sender_s_clock() -> None:
    late = datetime(2025, 4, 21, 20, 0, tzinfo=UTC)

    said = read_date("besok", sent_at=late, zone=JAKARTA)

    assert said is not None
    assert said.at == datetime(2025, 4, 23, tzinfo=JAKARTA)


def test_the_words_of_the_day_can_be_shown() -> None:
    text = "ya kak tgl 5 desember jam 3"

    said = read_date(text, sent_at=SENT_AT, zone=JAKARTA)

    assert said is not None
    assert text[said.start : said.end] == "5 desember"
