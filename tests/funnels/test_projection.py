"""A room's cycles from its evidence: dates, sums, repeats, cycles and corrections, as a table."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from funnels.projection import Amendment, Cycle, Fact, FirstContact, Policy, project
from funnels.stages import Basis, Stage

START = datetime(2025, 4, 1, 3, 0, tzinfo=UTC)
POLICY = Policy(
    zone=ZoneInfo("Asia/Jakarta"),
    quiet=timedelta(days=30),
    first_contact_leads=True,
    currency="IDR",
)


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def fact(stage: Stage, days: float, name: str = "", **fields: Any) -> Fact:
    values: dict[str, Any] = {
        "basis": Basis.TEXT,
        "channel": "",
        "message_channel": "whatsapp",
        **fields,
    }
    if isinstance(values.get("value"), int):
        values["value"] = Decimal(values["value"])
    return Fact(stage=stage, sent_at=at(days), external_id=name or f"m{days}", **values)


def cycles(
    *facts: Fact, contact: float | None = None, amend: tuple[Amendment, ...] = ()
) -> list[Cycle]:
    first = None if contact is None else FirstContact(sent_at=at(contact), channel="whatsapp")
    return project(facts, amend, first, POLICY)


OPENING, BOOKING, PAYMENT = Stage.OPENING, Stage.BOOKING, Stage.TRANSACTION


def test_the_earliest_opening_dates_the_lead_and_gives_the_channel() -> None:
    [cycle] = cycles(
        fact(OPENING, 2, channel="website", keyword_id=2),
        fact(OPENING, 1, channel="instagram", keyword_id=1),
        contact=0,
    )

    assert (cycle.leads_date, cycle.channel, cycle.keyword_id) == (at(1), "instagram", 1)
    assert (cycle.stage, cycle.lead_basis) == (OPENING, "keyword")


def test_without_a_keyword_the_first_contact_is_the_lead_where_the_site_wants_it() -> None:
    [cycle] = cycles(contact=0)
    assert (cycle.lead_basis, cycle.leads_date) == ("first_contact", at(0))

    strict = Policy(
        **{**{n: getattr(POLICY, n) for n in POLICY.__slots__}, "first_contact_leads": False}
    )
    assert project([], [], FirstContact(sent_at=at(0), channel="whatsapp"), strict) == []
    assert cycles() == []


def test_a_payment_without_an_opening_still_makes_a_funnel() -> None:
    [cycle] = cycles(fact(PAYMENT, 2, value=150_000), contact=1)

    assert (cycle.lead_basis, cycle.leads_date, cycle.channel) == ("later_stage", at(1), "whatsapp")
    assert cycle.booking_date is None
    assert cycle.anomalies == ("transaction_without_booking",)


def test_a_stated_booking_outranks_text_and_a_dated_one_an_undated() -> None:
    stated = fact(BOOKING, 1, basis=Basis.STATED, says_at=at(5))
    later = fact(BOOKING, 2, says_at=at(9))
    undated = fact(BOOKING, 3)

    assert cycles(fact(OPENING, 0), stated, later, undated)[0].booking_date == at(5)
    assert cycles(fact(OPENING, 0), later, undated)[0].booking_date == at(9)
    assert cycles(fact(OPENING, 0), undated)[0].booking_date == at(3)


def test_of_two_plans_the_later_message_holds() -> None:
    [cycle] = cycles(fact(BOOKING, 2, says_at=at(7)), fact(BOOKING, 1, says_at=at(9)))

    assert cycle.booking_date == at(7)


def test_payments_add_up_and_a_repeated_one_counts_once() -> None:
    [cycle] = cycles(
        fact(OPENING, 0),
        fact(PAYMENT, 1, "a", value=150_000),
        fact(PAYMENT, 1.01, "b", value=150_000),
        fact(PAYMENT, 1.02, "c", basis=Basis.STATED, value=150_000),
        fact(PAYMENT, 2, "d", value=100_000),
    )

    assert (cycle.transaction_date, cycle.transaction_value) == (at(1), Decimal("250000.00"))


def test_the_same_amount_on_another_day_is_another_payment() -> None:
    [cycle] = cycles(fact(PAYMENT, 1, value=150_000), fact(PAYMENT, 2, value=150_000))

    assert cycle.transaction_value == 300_000


def test_a_total_restates_and_a_refund_subtracts_but_never_below_zero() -> None:
    assert (
        cycles(fact(PAYMENT, 1, value=500_000), fact(PAYMENT, 2, value=1_500_000, restates=True))[
            0
        ].transaction_value
        == 1_500_000
    )
    assert (
        cycles(fact(PAYMENT, 1, value=500_000), fact(PAYMENT, 2, value=-200_000))[
            0
        ].transaction_value
        == 300_000
    )
    [overdrawn] = cycles(fact(PAYMENT, 1, value=100_000), fact(PAYMENT, 2, value=-200_000))
    assert overdrawn.transaction_value == 0
    assert "refund_exceeds_payment" in overdrawn.anomalies


def test_currencies_are_never_mixed() -> None:
    [cycle] = cycles(
        fact(PAYMENT, 1, value=150_000, currency="IDR"), fact(PAYMENT, 2, value=20, currency="USD")
    )

    assert (cycle.transaction_value, cycle.currency) == (150_000, "IDR")
    assert cycle.other_amounts == {"USD": "20.00"}


def test_a_payment_of_unknown_value_is_a_payment_without_a_value() -> None:
    [cycle] = cycles(fact(PAYMENT, 1))

    assert (cycle.stage, cycle.transaction_value) == (PAYMENT, None)


def test_an_opening_after_a_payment_or_long_silence_begins_the_next_cycle() -> None:
    after_payment = cycles(fact(OPENING, 0), fact(PAYMENT, 1, value=1), fact(OPENING, 2))
    after_silence = cycles(fact(OPENING, 0), fact(OPENING, 30.5))
    soon = cycles(fact(OPENING, 0), fact(OPENING, 29), fact(OPENING, 58))

    assert [cycle.number for cycle in after_payment] == [1, 2]
    assert [cycle.leads_date for cycle in after_silence] == [at(0), at(30.5)]
    assert len(soon) == 1


def test_a_late_message_belongs_to_the_cycle_of_its_own_time() -> None:
    first, second = cycles(
        fact(OPENING, 0), fact(PAYMENT, 1, value=100), fact(OPENING, 40), fact(PAYMENT, 2, value=50)
    )

    assert (first.transaction_value, second.transaction_value) == (150, None)


def test_within_one_instant_the_lead_comes_before_what_it_leads_to() -> None:
    assert len(cycles(fact(PAYMENT, 1, "a", value=1), fact(OPENING, 1, "b"))) == 1


def test_a_repeat_of_a_payment_in_the_next_cycle_is_not_paid_again() -> None:
    first, second = cycles(
        fact(OPENING, 0),
        fact(PAYMENT, 1, "a", says_at=at(1), value=150_000),
        fact(OPENING, 2),
        fact(PAYMENT, 2, "b", says_at=at(1), value=150_000),
    )

    assert (first.transaction_value, second.transaction_date) == (150_000, None)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("transaction_value", "99.50", Decimal("99.50")),
        ("transaction_value", "", None),
        ("channel", "direct", "direct"),
        ("booking_date", at(9).isoformat(), at(9)),
        ("leads_date", at(0.5).isoformat(), at(0.5)),
    ],
)
def test_a_correction_outranks_the_machine(field: str, value: str, expected: Any) -> None:
    first, second = cycles(
        fact(OPENING, 0),
        fact(PAYMENT, 1, value=150_000),
        fact(OPENING, 40),
        amend=(Amendment(about=at(1), field=field, value=value),),
    )

    assert getattr(first, field) == expected
    assert (first.is_corrected, second.is_corrected) == (True, False)


def test_a_payment_that_staff_say_did_not_happen_is_no_payment() -> None:
    [cycle] = cycles(
        fact(OPENING, 0),
        fact(PAYMENT, 1, value=150_000),
        amend=(
            Amendment(about=at(0), field="transaction_date", value=""),
            Amendment(about=at(0), field="transaction_value", value=""),
        ),
    )

    assert cycle.stage is OPENING
