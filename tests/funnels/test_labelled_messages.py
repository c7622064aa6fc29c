"""What people write, labelled by hand. The rules answer for every line, sent Monday 21 April 2025, 10:00.

A line without a value must get none, and a line without a transaction must give none: a missed
amount is asked for again, a wrong one is believed.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from funnels.classification import Finding
from funnels.stages import Stage
from tests.funnels.reading import counted

LABELLED = Path(__file__).parent / "labelled_messages.csv"


@dataclass(slots=True)
class Rate:
    """How often one thing was found where it is, and where it is not."""

    present: int = 0
    found: int = 0
    absent: int = 0
    wrong: list[str] = field(default_factory=list)

    def note(self, text: str, *, expected: str, got: str) -> None:
        if expected:
            self.present += 1
            self.found += got == expected
        else:
            self.absent += 1
        if got not in ("", expected):
            self.wrong.append(text)

    @property
    def recall(self) -> float:
        return self.found / self.present if self.present else 1.0

    @property
    def false_positives(self) -> float:
        return len(self.wrong) / (self.present + self.absent)


def labelled() -> Iterator[dict[str, str]]:
    with LABELLED.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def measured() -> dict[str, Rate]:
    rates = {name: Rate() for name in (*(stage.value for stage in Stage), "value", "booking_date")}
    for line in labelled():
        found = counted(line["text"], line["sender"])
        said = {stage.value: "y" if stage in found else "" for stage in Stage} | _details(found)
        expected = {**line, "value": f"{line['value']} {line['currency']}".strip()}
        for name, rate in rates.items():
            rate.note(line["text"], expected=expected[name], got=said[name])
    return rates


def table(rates: dict[str, Rate]) -> str:
    rows = [
        f"{'':14}{'lines with':>12}{'recall':>10}{'lines without':>15}{'wrong':>8}{'wrong rate':>12}"
    ]
    rows += [
        f"{name:14}{rate.present:>12}{rate.recall:>10.1%}{rate.absent:>15}{len(rate.wrong):>8}{rate.false_positives:>12.1%}"
        for name, rate in rates.items()
    ]
    return "\n".join(rows)


def _details(found: dict[Stage, Finding]) -> dict[str, str]:
    booking, paid = found.get(Stage.BOOKING), found.get(Stage.TRANSACTION)
    day = value = ""
    if booking and booking.says_at:
        day = booking.says_at.strftime("%Y-%m-%dT%H:%M").removesuffix("T00:00")
    if paid and paid.value is not None:
        value = f"{paid.value} {paid.currency}"
    return {"booking_date": day, "value": value}


@pytest.fixture(scope="module")
def rates() -> dict[str, Rate]:
    return measured()


def test_no_value_and_no_transaction_is_made_up(rates: dict[str, Rate]) -> None:
    assert rates["value"].wrong == []
    assert rates["transaction"].wrong == []


def test_nothing_else_is_made_up(rates: dict[str, Rate]) -> None:
    assert {name: rate.wrong for name, rate in rates.items() if rate.wrong} == {}


@pytest.mark.parametrize("name", ["value", "booking_date", "opening", "booking", "transaction"])
def test_what_is_there_is_found(rates: dict[str, Rate], name: str) -> None:
    assert rates[name].recall >= 0.95


def test_the_lines_are_enough_to_say_so(rates: dict[str, Rate]) -> None:
    print(f"\n{table(rates)}")  # noqa: T201

    assert rates["value"].present + rates["value"].absent >= 330
    assert rates["transaction"].absent >= 100
