"""A figure's rows as a Plotly figure, the shape that the first dashboard's clients draw as it comes.

`data` holds the traces and `layout` the title; both go into `Plotly.newPlot(element, data, layout)`.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

Rows = Sequence[dict[str, Any]]


def plotly(key: str, title: str, rows: Rows, values: dict[str, Any]) -> dict[str, Any]:
    """The traces and the layout of one figure."""
    layout: dict[str, Any] = {"title": {"text": title}}
    data = TRACES[key](rows, values)
    if key == "rfm_segmentation":
        layout["scene"] = {
            f"{axis}axis": {"title": {"text": name}}
            for axis, name in zip("xyz", ("Recency", "Frequency", "Monetary"), strict=True)
        }
    return {"data": data, "layout": layout}


def plain(value: Any) -> Any:
    """A value as JSON has it: amounts as numbers."""
    return float(value) if isinstance(value, Decimal) else value


def _pie(label: str) -> Callable[[Rows, dict[str, Any]], list[dict[str, Any]]]:
    def traces(rows: Rows, values: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "type": "pie",
                "labels": [row[label] for row in rows],
                "values": [row["count"] for row in rows],
            }
        ]

    return traces


def _by_currency(kind: str, x: str, y: str) -> Callable[[Rows, dict[str, Any]], Any]:
    """One trace a currency: amounts of two currencies never lie on one line."""

    def traces(rows: Rows, values: dict[str, Any]) -> list[dict[str, Any]]:
        made = []
        for currency in dict.fromkeys(row["currency"] for row in rows):
            mine = [row for row in rows if row["currency"] == currency]
            made.append(
                {
                    "type": kind,
                    "name": currency,
                    "x": [row[x] for row in mine],
                    "y": [plain(row[y]) for row in mine],
                }
            )
        return made

    return traces


def _gauge(rows: Rows, values: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "type": "indicator",
            "mode": "gauge+number",
            "value": values["avg_satisfaction_score"],
            "title": {"text": "Customer Satisfaction Score"},
            "gauge": {
                "axis": {"range": [0, 10]},
                "steps": [
                    {"range": [0, 3], "color": "red"},
                    {"range": [3, 7], "color": "yellow"},
                    {"range": [7, 10], "color": "green"},
                ],
            },
        }
    ]


def _scatter(rows: Rows, values: dict[str, Any]) -> list[dict[str, Any]]:
    """One marker a triple of scores, as large as its customers are many (area, not radius)."""
    most = max((row["count"] for row in rows), default=1)
    return [
        {
            "type": "scatter3d",
            "mode": "markers",
            "x": [row["recency_score"] for row in rows],
            "y": [row["frequency_score"] for row in rows],
            "z": [row["monetary_score"] for row in rows],
            "text": [f"{row['customer_segment']}: {row['count']}" for row in rows],
            "marker": {"size": [round(4 + 36 * (row["count"] / most) ** 0.5, 1) for row in rows]},
        }
    ]


TRACES: dict[str, Callable[[Rows, dict[str, Any]], list[dict[str, Any]]]] = {
    "customer_segments": _pie("customer_segment"),
    "churn_risk": _pie("label"),
    "monthly_revenue": _by_currency("scatter", "month", "revenue"),
    "product_category_performance": _by_currency("bar", "category", "total_revenue"),
    "customer_satisfaction": _gauge,
    "rfm_segmentation": _scatter,
}
