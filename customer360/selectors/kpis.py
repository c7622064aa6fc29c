"""The single figures of the dashboard: one statement over the build's small tables."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.conf import settings
from django.db import connection

from customer360.periods import LATEST, Period, complete_months
from customer360.selectors.answers import CENT, Answer, Built, change, money, share

KPIS = """
SELECT * FROM
 (SELECT SUM(new_customers) FILTER (WHERE {known}) AS customers,
    SUM(new_customers) FILTER (WHERE day < %(first)s) AS customers_before,
    SUM(new_buyers) FILTER (WHERE day BETWEEN %(first)s AND %(last)s) AS new_buyers
  FROM customer360_customerday) AS c,
 (SELECT SUM(revenue) FILTER (WHERE day <= %(last)s) AS value,
    SUM(revenue) FILTER (WHERE day < %(first)s) AS value_before,
    SUM(revenue) FILTER (WHERE day BETWEEN %(first)s AND %(last)s) AS revenue,
    SUM(orders) FILTER (WHERE day BETWEEN %(first)s AND %(last)s) AS orders,
    SUM(revenue) FILTER (WHERE day BETWEEN %(past_first)s AND %(past_last)s) AS past_revenue,
    SUM(orders) FILTER (WHERE day BETWEEN %(past_first)s AND %(past_last)s) AS past_orders
  FROM customer360_salesday WHERE currency = %(currency)s) AS s,
 (SELECT SUM(kept_buyers) FILTER (WHERE month >= %(month)s AND month < %(month_end)s) AS kept,
    SUM(base) FILTER (WHERE month >= %(month)s AND month < %(month_end)s) AS base,
    SUM(kept_buyers) FILTER (WHERE month >= %(past_month)s AND month < %(past_month_end)s)
        AS past_kept,
    SUM(base) FILTER (WHERE month >= %(past_month)s AND month < %(past_month_end)s) AS past_base
  FROM ({months}) AS monthly) AS b,
 (SELECT SUM(customers) FILTER (WHERE total_purchases > 0) AS buyers,
    SUM(repeat_customers) AS repeaters
  FROM customer360_profilecell WHERE {active}) AS p
"""
MONTHS = """
SELECT this.month, this.kept_buyers, COALESCE(past.buyers, 0) AS base
FROM customer360_buyermonth this LEFT JOIN customer360_buyermonth past ON past.month = {month_before}
"""
MONTH_BEFORE = {
    "postgresql": "(this.month - INTERVAL '1 month')::date",
    "sqlite": "date(this.month, '-1 month')",
}
NOTHING = Period(date_from=date(1, 1, 2), date_to=date(1, 1, 1))


def kpis(period: Period, built: Built, limit: int) -> Answer:
    """The single figures, each with its change against what came before."""
    values = _kpi_row(period, built)
    order_value = _each(values["revenue"], values["orders"])
    past_order_value = _each(values["past_revenue"], values["past_orders"])
    retention = share(values["kept"] or 0, values["base"])
    past_retention = share(values["past_kept"] or 0, values["past_base"])
    customers, value = values["customers"] or 0, money(values["value"])
    return Answer(
        figure="total_customers",
        period=period,
        values={
            "total_customers": customers,
            "total_lifetime_value": value,
            "average_order_value": order_value,
            "retention_rate": retention,
            "repeat_purchase_rate": share(values["repeaters"] or 0, values["buyers"]),
            "currency": settings.CURRENCY,
            "new_buyers": values["new_buyers"] or 0,
            "orders": values["orders"] or 0,
            "revenue": money(values["revenue"]),
            "repeat_buyers": values["repeaters"] or 0,
            "buyers": values["buyers"] or 0,
            "retained": values["kept"] or 0,
            "retention_base": values["base"] or 0,
            "change": {
                "total_customers": change(customers, values["customers_before"]),
                "total_lifetime_value": change(value, values["value_before"]),
                "average_order_value": change(order_value, past_order_value),
                "retention_rate": change(retention, past_retention),
            },
        },
    )


def _each(total: Any, number: Any) -> Decimal | None:
    return (money(total) / number).quantize(CENT, ROUND_HALF_UP) if number else None


def _kpi_row(period: Period, built: Built) -> dict[str, Any]:
    now_ = period.until(built.as_of) if built.as_of else period
    past = period.before or NOTHING
    month, month_end = complete_months(now_)
    past_month, past_month_end = complete_months(past) if period.before else (LATEST, LATEST)
    statement = KPIS.format(
        known="day <= %(last)s" if period.date_to else "1 = 1",
        active="1 = 1"
        if period.is_all_time
        else "last_purchase_date BETWEEN %(first)s AND %(last)s",
        months=MONTHS.format(month_before=MONTH_BEFORE[connection.vendor]),
    )
    parameters = {
        "first": period.first,
        "last": period.last,
        "past_first": past.first,
        "past_last": past.last,
        "month": month,
        "month_end": month_end,
        "past_month": past_month,
        "past_month_end": past_month_end,
        "currency": settings.CURRENCY,
    }
    if connection.vendor == "sqlite":
        parameters = {name: str(value) for name, value in parameters.items()}
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column[0] for column in cursor.description]
        return dict(zip(names, cursor.fetchone(), strict=True))
