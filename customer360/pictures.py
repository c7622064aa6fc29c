"""A figure's answer as a card of the dashboard: its chart, its table, what to say where it is empty."""

from collections.abc import Callable
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from customer360.drill import funnels_link, profiles_link, row_link, signals_link
from customer360.figures import plain
from customer360.metrics import COUNT, DATE, MONEY, PERCENT, Column
from customer360.selectors.answers import Answer, Built
from funnel_site.lib.money import shown_percent
from funnel_site.lib.words import translated
from funnels.models import Funnel

NOTES = {
    "monthly_revenue": _("Dashed: the month has not ended"),
    "rfm_segmentation": _(
        "Size: customers. Colour: their mean monetary score, from dark (1) to yellow (5)"
    ),
    "funnel_by_channel": _("Read live, not with the build"),
}
SLICES = 6
BARS = 10
LOAD = "manage.py load_cdp FOLDER, then build_profiles"
EMPTY = {
    "customer_segments": _(
        "No customer in this period. Load customer_info and purchase_transactions"
    ),
    "monthly_revenue": _("No purchase in this period. Load purchase_transactions"),
    "top_customers": _("Nobody has bought in this period. Load purchase_transactions"),
    "product_category_performance": _(
        "No purchase in this period. Load purchase_transactions and product_catalog"
    ),
    "customer_satisfaction": _("No score in this period. Load customer_service"),
    "churn_risk": _("No customer in this period. Load customer_info and purchase_transactions"),
    "rfm_segmentation": _("No buyer in this period. Load purchase_transactions"),
    "funnel_by_channel": _("No lead in this period. Let messages come in, or run ingest_messages"),
}


WHOLE_FROM = 1_000


def rounded(value: Any, unit: str) -> str:
    """As `shown`, with large amounts in whole units: a card has room for no more.

    >>> rounded(81870710.07, "money"), rounded(12.5, "money")
    ('81,870,710', '12.50')
    """
    if unit == MONEY and value is not None and abs(value) >= WHOLE_FROM:
        return number_format(value, 0, force_grouping=True)
    return shown(value, unit)


def shown(value: Any, unit: str) -> str:
    """A value as staff read it; a dash where there is none.

    >>> shown(1234, "count"), shown(None, "percent"), shown(62.5, "percent")
    ('1,234', '–', '62.5%')
    """
    if value is None or value == "":
        return "–"
    if unit == COUNT:
        return number_format(value, force_grouping=True)
    if unit == PERCENT:
        return shown_percent(value)
    if unit == MONEY:
        return number_format(value, 2, force_grouping=True)
    if unit == DATE:
        return str(value)[:7]
    if isinstance(value, bool):
        return gettext("partial") if value else ""
    return str(value)


def picture(found: Answer, built: Built) -> dict[str, Any]:
    """The card: key, definition, chart for the script, table with links, and words for neither."""
    figure = found.definition
    columns = _columns(found)
    chart = CHARTS[figure.key](found) if found.rows and figure.key in CHARTS else None
    what = EMPTY[figure.key]
    return {
        "key": figure.key,
        "figure": figure,
        "marks": built.marks_of(figure),
        "read_at": found.values.get("read_at"),
        "chart": chart,
        "note": NOTES.get(figure.key, ""),
        "summary": _summary(found),
        "columns": columns,
        "table": [
            {
                "cells": [(column, _cell(row, column)) for column in columns],
                "link": row_link(figure.key, row, found.period),
            }
            for row in found.rows
        ],
        "empty": f"{what}."
        if "ingest" in what
        else gettext("%(what)s (%(command)s), or widen the dates.")
        % {"what": what, "command": LOAD},
        "values": found.values,
    }


def _columns(found: Answer) -> tuple[Column, ...]:
    """The figure's columns; a currency that is the same all the way down says nothing."""
    columns = found.definition.columns
    if len({row.get("currency") for row in found.rows}) > 1:
        return columns
    return tuple(column for column in columns if column.key != "currency")


def _cell(row: dict[str, Any], column: Column) -> str:
    if column.key == "churn_risk":
        return str(row["label"])
    if column.key == "category" and not row["category"]:
        return gettext("No category")
    if column.key == "customer_segment":
        return translated(row[column.key])
    if column.key == "channel":
        return Funnel(channel=row[column.key]).shown_channel
    return shown(row[column.key], column.unit)


def _summary(found: Answer) -> str:
    """The picture in one sentence, for who cannot see it."""
    figure, rows = found.definition, found.rows
    if not rows:
        return gettext("%(title)s: nothing to show.") % {"title": translated(figure.title)}
    first, measure = (
        figure.columns[0],
        next(
            (column for column in figure.columns if column.unit in (COUNT, MONEY)),
            figure.columns[-1],
        ),
    )
    best = max(rows, key=lambda row: row[measure.key] or 0)
    return gettext(
        "%(title)s, %(number)s rows; the greatest is %(name)s with %(amount)s %(what)s. The table below has all of them."
    ) % {
        "title": translated(figure.title),
        "number": len(rows),
        "name": _cell(best, first),
        "amount": _cell(best, measure),
        "what": translated(measure.title).lower(),
    }


# --- Charts: what the script needs to draw, with the address of each part -----------------------------
def _pie(found: Answer) -> dict[str, Any]:
    """At most six slices; the smaller ones together, and the table has them apart."""
    key = found.definition.columns[0].key
    by_size = sorted(found.rows, key=lambda row: -row["count"])
    apart = by_size if len(by_size) <= SLICES else by_size[: SLICES - 1]
    # Known slices keep the dictionary's order, so that a colour means the same every day.
    slices = [
        {
            "label": translated(str(row.get("label", row[key]))),
            "name": row[key],
            "value": row["count"],
            "link": row_link(found.figure, row, found.period),
        }
        for row in found.rows
        if row in apart
    ]
    rest = [row for row in by_size if row not in apart]
    if rest:
        slices.append(
            {
                "label": gettext("%(number)s smaller ones") % {"number": len(rest)},
                "name": "",
                "value": sum(row["count"] for row in rest),
                "link": f"#table-{found.figure}",
            }
        )
    return {"kind": "pie", "parts": slices}


def _line(found: Answer) -> dict[str, Any]:
    months = list(dict.fromkeys(row["month"] for row in found.rows))
    return {
        "kind": "line",
        "labels": [month[:7] for month in months],
        "partial": [
            any(row["is_partial"] for row in found.rows if row["month"] == month)
            for month in months
        ],
        "lines": _series(found, "revenue"),
    }


def _bars(found: Answer) -> dict[str, Any]:
    """The greatest categories of the site's own currency; further currencies are in the table."""
    currency = found.rows[0]["currency"]
    rows = [row for row in found.rows if row["currency"] == currency][:BARS]
    return {
        "kind": "bar",
        "unit": currency,
        "parts": [
            {
                "label": row["category"] or gettext("No category"),
                "value": plain(row["total_revenue"]),
                "link": row_link(found.figure, row, found.period),
            }
            for row in rows
        ],
    }


def _series(found: Answer, name: str) -> list[dict[str, Any]]:
    return [
        {
            "label": currency,
            "values": [plain(row[name]) for row in found.rows if row["currency"] == currency],
            "links": [
                row_link(found.figure, row, found.period)
                for row in found.rows
                if row["currency"] == currency
            ],
        }
        for currency in dict.fromkeys(row["currency"] for row in found.rows)
    ]


def _gauge(found: Answer) -> dict[str, Any] | None:
    score = found.values["avg_satisfaction_score"]
    return {
        "kind": "gauge",
        "value": score,
        "most": 10,
        "link": signals_link(found.period),
    }


def _bubbles(found: Answer) -> dict[str, Any]:
    """Recency by frequency: 25 places at most, coloured by the mean monetary score."""
    places: dict[tuple[int, int], list[int]] = {}
    for row in found.rows:
        place = places.setdefault((row["recency_score"], row["frequency_score"]), [0, 0])
        place[0] += row["count"]
        place[1] += row["count"] * row["monetary_score"]
    return {
        "kind": "bubble",
        "parts": [
            {
                "x": recency,
                "y": frequency,
                "count": count,
                "monetary": round(money / count, 2),
                "link": profiles_link(
                    found.period, recency_score=recency, frequency_score=frequency
                ),
            }
            for (recency, frequency), (count, money) in sorted(places.items())
        ],
    }


def _funnel(found: Answer) -> dict[str, Any]:
    rows, period = found.rows[:BARS], found.period
    stages: tuple[tuple[str, str, dict[str, Any]], ...] = (
        (gettext("Leads"), "leads", {}),
        (gettext("Bookings"), "bookings", {"booking_date__isnull": False}),
        (gettext("Transactions"), "transactions", {"transaction_date__isnull": False}),
    )
    return {
        "kind": "funnel",
        "labels": [Funnel(channel=row["channel"]).shown_channel for row in rows],
        "lines": [
            {
                "label": label,
                "values": [row[name] for row in rows],
                "links": [funnels_link(row["channel"], period, **wanted) for row in rows],
            }
            for label, name, wanted in stages
        ],
    }


CHARTS: dict[str, Callable[[Answer], dict[str, Any] | None]] = {
    "customer_segments": _pie,
    "churn_risk": _pie,
    "monthly_revenue": _line,
    "product_category_performance": _bars,
    "customer_satisfaction": _gauge,
    "rfm_segmentation": _bubbles,
    "funnel_by_channel": _funnel,
}
