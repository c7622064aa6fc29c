"""RFM scores: the tie rules, small numbers, and a second computation on the whole of CDNOW."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer360.scores import churn, rfm, segments
from tests.customer360 import cdnow

VALUES = st.lists(st.integers(-50, 50), max_size=60)


def second_opinion(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Fifths by pandas' own ranks: how many buyers have strictly less, in fifths of all buyers;
    the greatest value scores 5. For five distinct values and more."""
    below = values.rank(method="min") - 1
    highest_of_ties = values.groupby(values).transform("size") + below
    assert (highest_of_ties <= len(values)).all()
    fifths = 1 + sum((below >= np.ceil(k * len(values) / 5)).astype(int) for k in range(1, 5))
    return fifths.where(values < values.max(), 5)


def test_the_whole_of_cdnow_scores_as_pandas_scores_it() -> None:
    rows = cdnow.master()
    days = pd.to_datetime(rows["date"], format="%Y%m%d")
    buyers = (
        rows.assign(day=days)
        .groupby("customer")
        .agg(last=("day", "max"), orders=("day", "nunique"), money=("value", "sum"))
    )
    assert len(buyers) == 23_570
    by_pandas = buyers.apply(second_opinion)

    ordinals = buyers["last"].map(pd.Timestamp.toordinal).to_numpy()
    cents = (buyers["money"] * 100).round().astype("int64").to_numpy()
    cents_by_pandas = second_opinion(pd.Series(cents, index=buyers.index))
    for column, values, expected in (
        ("last", ordinals, by_pandas["last"]),
        ("orders", buyers["orders"].to_numpy(), by_pandas["orders"]),
        ("money", cents, cents_by_pandas),
    ):
        found = rfm.scores(values, rfm.cut_points(values))
        assert (found == expected.to_numpy()).all(), column
    # Every other buyer bought once: the scores 2 cannot be told from 1, and are not made up.
    orders = rfm.scores(buyers["orders"], rfm.cut_points(buyers["orders"]))
    assert set(orders[buyers["orders"] == 1]) == {1}
    assert 2 not in orders


@given(VALUES)
def test_equal_values_score_alike_and_better_ones_never_worse(values: list[int]) -> None:
    found = rfm.scores(values, rfm.cut_points(values))

    assert all(1 <= one <= 5 for one in found)
    by_value: dict[int, set[int]] = {}
    for value, one in zip(values, found.tolist(), strict=True):
        by_value.setdefault(value, set()).add(one)
    assert all(len(found_scores) == 1 for found_scores in by_value.values())
    if len(by_value) > 1:
        assert by_value[max(by_value)] == {5}
        assert by_value[min(by_value)] == {1}
    in_order = [next(iter(by_value[value])) for value in sorted(by_value)]
    assert in_order == sorted(in_order)


@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_and_their_grouping_do_not_matter(
    values: list[int], rng: Any
) -> None:
    shuffled = values[:]
    rng.shuffle(shuffled)
    distinct, counts = np.unique(np.array(values, dtype=np.int64), return_counts=True)

    assert rfm.cut_points(values) == rfm.cut_points(shuffled) == rfm.cut_points(distinct, counts)


@given(
    st.lists(st.integers(), min_size=5, max_size=200, unique=True).filter(lambda v: len(v) % 5 == 0)
)
def test_distinct_values_fall_into_equal_fifths(values: list[int]) -> None:
    found = rfm.scores(
        np.array(values, dtype=object), rfm.cut_points(np.array(values, dtype=object))
    )

    assert np.bincount(found)[1:].tolist() == [len(values) // 5] * 5


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7], [3]),
        ([7, 7, 7], [3, 3, 3]),
        ([1, 2], [1, 5]),
        ([1, 2, 2, 3], [1, 3, 3, 5]),
        ([1, 2, 3, 4], [1, 2, 4, 5]),
        ([1, 1, 1, 1, 1, 1, 2, 3, 4, 5], [1, 1, 1, 1, 1, 1, 4, 4, 5, 5]),
        ([1, 2, 3, 4, 5, 5, 5, 5, 5, 5], [1, 1, 2, 2, 5, 5, 5, 5, 5, 5]),
        ([], []),
    ],
)
def test_few_values_are_spread_and_ties_share_the_lowest_fifth(
    values: list[int], expected: list[int]
) -> None:
    assert rfm.scores(values, rfm.cut_points(values)).tolist() == expected


def test_one_score_is_the_same_as_many() -> None:
    values = [3, 1, 4, 1, 5, 9, 2, 6]
    cuts = rfm.cut_points(values)
    assert cuts is not None

    assert [rfm.score(value, cuts) for value in values] == rfm.scores(values, cuts).tolist()


# --- Segments -----------------------------------------------------------------------------------------
TRIPLES = [(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)]


def test_every_triple_has_exactly_one_segment_and_every_segment_a_triple() -> None:
    names = [segments.segment_name(*triple) for triple in TRIPLES]

    assert len(names) == 125
    assert set(names) == {rule.name for rule in segments.SEGMENT_RULES}
    assert segments.segment_names(*np.array(TRIPLES).T).tolist() == names


def test_what_staff_expect_of_the_corners() -> None:
    expected = {
        (5, 5, 5): "Champions",
        (1, 1, 1): "Lost",
        (1, 5, 5): "Can't lose",
        (5, 1, 1): "New",
        (5, 1, 5): "New",
        (4, 1, 3): "Promising",
        (3, 5, 1): "Loyal",
        (2, 4, 2): "At risk",
        (2, 1, 1): "Hibernating",
        (3, 3, 3): "Need attention",
        (5, 3, 3): "Potential loyalists",
    }
    assert {triple: segments.segment_name(*triple) for triple in expected} == expected


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
def test_a_later_purchase_never_makes_a_customer_lost(r: int, f: int, m: int) -> None:
    gone = {"Lost", "Hibernating", "At risk", "Can't lose"}
    if segments.segment_name(r, f, m) not in gone:
        assert all(segments.segment_name(later, f, m) not in gone for later in range(r, 6))


def test_a_score_outside_the_cube_is_refused() -> None:
    with pytest.raises(ValueError, match="from 1 to 5"):
        segments.segment_name(6, 1, 1)


# --- Churn in words -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            {"orders": 3, "days_since_last": 40, "usual_gap_days": 12.4},
            "3 orders, last 40 days ago, usual gap 12 days",
        ),
        (
            {"orders": 2, "days_since_last": 0, "usual_gap_days": 1},
            "2 orders, last today, usual gap 1 day",
        ),
        ({"orders": 1, "days_since_last": 400, "usual_gap_days": None}, "1 order, 400 days ago"),
        ({"orders": 2, "days_since_last": 3, "usual_gap_days": None}, "2 orders, last 3 days ago"),
        (
            {"orders": 100_000, "days_since_last": 1, "usual_gap_days": 0.01},
            "100,000 orders, last 1 day ago, usual gap under a day",
        ),
        ({"orders": 0, "days_since_last": None, "usual_gap_days": None}, "no order yet"),
    ],
)
def test_the_reason_is_told_in_words(facts: Any, words: str) -> None:
    assert churn.reason(**facts) == words


def test_never_bought_is_no_low_risk() -> None:
    nothing = float("nan")

    assert churn.rule_bands([nothing, 10]).tolist() == ["no_purchase", "low"]
    assert churn.risk_bands([nothing, 2 / 3]).tolist() == ["no_purchase", "high"]
