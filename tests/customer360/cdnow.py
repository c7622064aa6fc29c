"""The CDNOW data of Fader and Hardie, read where they lie; tests are skipped where they are absent."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from customer360.scores.lifetimes import Patterns, grouped
from tests.conftest import SHARED_DATA

FOLDER = SHARED_DATA / "cdnow"
CALIBRATION_ENDS = 19970930


def _need(name: str) -> Any:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"the CDNOW file {name} is not beside this checkout")
    return path


@cache
def sample_patterns() -> Patterns:
    """Repeat purchases, their time and the age of the 2,357 customers, in weeks, as published."""
    rows = pd.read_csv(_need("cdnow_customers_summary.csv"))
    return grouped(rows["frequency"], rows["recency"], rows["T"])


@cache
def sample_spend() -> tuple[Any, Any]:
    """Repeat purchase days of the sample in 39 weeks, and their mean value, the first day left out."""
    rows = pd.read_csv(
        _need("CDNOW_sample.txt"),
        sep=r"\s+",
        header=None,
        names=["master", "customer", "date", "cds", "value"],
        dtype={"customer": str},
    )
    days = (
        rows[rows["date"] <= CALIBRATION_ENDS]
        .groupby(["customer", "date"], as_index=False)["value"]
        .sum()
        .sort_values(["customer", "date"])
    )
    later = days[days.duplicated("customer")]
    spent = later.groupby("customer")["value"].agg(["count", "mean"])
    spent = spent.reindex(days["customer"].unique(), fill_value=0)
    return spent["count"].to_numpy(), spent["mean"].to_numpy(dtype=np.float64)


@cache
def master() -> pd.DataFrame:
    """Every purchase: customer, day, value."""
    rows = pd.read_csv(
        _need("CDNOW_master.txt"),
        sep=r"\s+",
        skiprows=1,
        header=None,
        names=["customer", "date", "cds", "value"],
        dtype={"customer": str, "date": str},
    )
    return rows.dropna(subset=["customer"])
