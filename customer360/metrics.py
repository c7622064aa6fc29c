"""The dictionary of figures: what each one is, once, for dashboard, API, CSV headers and docs.

Whoever changes what a figure means raises its version and says here what it means now. How it is
computed is in selectors/, under the same key; the fields of a profile are in fields.py; docs/metrics.md
is written from both (documentation.py).
"""

from dataclasses import dataclass

from funnel_site.lib.marking import marked

COUNT, MONEY, PERCENT, SCORE, TEXT, DATE, NUMBER = (
    "count",
    "money",
    "percent",
    "score",
    "text",
    "date",
    "number",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a figure's rows: its name in JSON and CSV, and its heading."""

    key: str
    title: str
    unit: str = TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of the dashboard, or one picture's rows."""

    key: str
    title: str
    meaning: str
    formula: str
    grain: str
    null_rule: str
    period: str
    rows: str
    unit: str = ""
    columns: tuple[Column, ...] = ()
    endpoint: str = ""
    sources: tuple[str, ...] = ()
    version: int = 1


# What figures are read from: the sources by their names in selectors/marks.py.
PEOPLE = ("customer_info", "customers")
SALES = ("purchase_transactions", "funnels")
SIGNALS = ("customer_service", "reviews")
ACTIVE = "customers whose last purchase lies in the period; all customers without one"

KPIS = (
    Figure(
        key="total_customers",
        title=marked("Customers"),
        meaning=marked("Everybody we know, buyer or not"),
        formula=marked("number of profiles known by the end of the period"),
        grain=marked("person"),
        null_rule=marked(
            "0 where there is nobody; who has no first day counts only without a period"
        ),
        period=marked(
            "known since a day up to date_to; the change is the share added since date_from"
        ),
        rows=marked("the profiles themselves"),
        unit=COUNT,
        endpoint="/api/kpis",
        sources=PEOPLE,
    ),
    Figure(
        key="total_lifetime_value",
        title=marked("Lifetime value"),
        meaning=marked("What customers have brought so far, net of refunds"),
        formula=marked(
            "sum of purchases minus refunds up to the end of the period, in the site's currency"
        ),
        grain=marked("purchase"),
        null_rule=marked(
            "0 without a purchase; other currencies are never added, they stand beside it"
        ),
        period=marked("purchases up to date_to; the change is the share added since date_from"),
        rows=marked("the purchases and paid funnels"),
        unit=MONEY,
        endpoint="/api/kpis",
        sources=SALES,
    ),
    Figure(
        key="average_order_value",
        title=marked("Average order value"),
        meaning=marked("What an order is worth"),
        formula=marked("revenue ÷ orders: one division, not an average of averages"),
        grain=marked("purchase; a refund lowers the revenue and is no order"),
        null_rule=marked("null where there is no order to divide by"),
        period=marked(
            "purchases in the period; the change is against the equally long period before"
        ),
        rows=marked("the purchases and paid funnels"),
        unit=MONEY,
        endpoint="/api/kpis",
        sources=SALES,
    ),
    Figure(
        key="retention_rate",
        title=marked("Retention"),
        meaning=marked("How many of a month's buyers buy again the month after"),
        formula=marked(
            "(E - N) ÷ S, summed over whole months: E buyers of the month, N of them not buyers of "
            "the month before, S buyers of the month before"
        ),
        grain=marked("buyer and month"),
        null_rule=marked(
            "null where no month before has a buyer; a month that has not ended does not count"
        ),
        period=marked(
            "months that lie wholly in the period, at most 60 back; the change is against the equally "
            "long period before"
        ),
        rows=marked("the months"),
        unit=PERCENT,
        endpoint="/api/kpis",
        sources=SALES,
    ),
    Figure(
        key="repeat_purchase_rate",
        title=marked("Repeat purchase rate"),
        meaning=marked("How many buyers have bought more than once"),
        formula=marked("customers with two purchases or more ÷ customers with one or more"),
        grain=marked("person"),
        null_rule=marked("null where nobody has bought"),
        period=ACTIVE,
        rows=marked("the profiles with two purchases or more"),
        unit=PERCENT,
        endpoint="/api/kpis",
        sources=SALES,
    ),
)
PICTURES = (
    Figure(
        key="customer_segments",
        title=marked("Customer segments"),
        meaning=marked("Which kind of customer there is how often"),
        formula=marked("number of profiles by the segment of their three scores"),
        grain=marked("person"),
        null_rule=marked('who never bought is "No purchase yet"; an empty segment has no row'),
        period=ACTIVE,
        rows=marked("the profiles of the segment"),
        columns=(
            Column(key="customer_segment", title=marked("Segment")),
            Column(key="count", title=marked("Customers"), unit=COUNT),
            Column(key="share", title=marked("Share"), unit=PERCENT),
            Column(key="total_lifetime_value", title=marked("Lifetime value"), unit=MONEY),
        ),
        endpoint="/api/customer_segments",
        sources=(*PEOPLE, *SALES),
    ),
    Figure(
        key="monthly_revenue",
        title=marked("Monthly revenue"),
        meaning=marked("What came in, month by month"),
        formula=marked("sum of purchases minus refunds by the month of the purchase and currency"),
        grain=marked("purchase"),
        null_rule=marked(
            "a month without a purchase is 0; the month that has not ended is marked partial"
        ),
        period=marked("purchases in the period"),
        rows=marked("the purchases and paid funnels of the month"),
        columns=(
            Column(key="month", title=marked("Month"), unit=DATE),
            Column(key="currency", title=marked("Currency")),
            Column(key="revenue", title=marked("Revenue"), unit=MONEY),
            Column(key="orders", title=marked("Orders"), unit=COUNT),
            Column(key="is_partial", title=marked("Partial")),
        ),
        endpoint="/api/monthly_revenue",
        sources=SALES,
    ),
    Figure(
        key="top_customers",
        title=marked("Top customers"),
        meaning=marked("Who has brought the most"),
        formula=marked(
            "profiles by lifetime value in the site's currency, ties by the lower customer id"
        ),
        grain=marked("person"),
        null_rule=marked("who never bought is not listed"),
        period=ACTIVE,
        rows=marked("the customer's page"),
        columns=(
            Column(key="customer_id", title=marked("Customer id"), unit=TEXT),
            Column(key="first_name", title=marked("First name")),
            Column(key="last_name", title=marked("Last name")),
            Column(key="total_lifetime_value", title=marked("Lifetime value"), unit=MONEY),
            Column(key="currency", title=marked("Currency")),
            Column(key="total_purchases", title=marked("Purchases"), unit=COUNT),
            Column(key="customer_segment", title=marked("Segment")),
        ),
        endpoint="/api/top_customers",
        sources=SALES,
    ),
    Figure(
        key="product_category_performance",
        title=marked("Category performance"),
        meaning=marked("Which kind of product brings how much"),
        formula=marked("sum of purchases minus refunds by product category and currency"),
        grain=marked("purchase"),
        null_rule=marked(
            "purchases without a category, and all of our own funnels, stand under an empty one"
        ),
        period=marked("purchases in the period"),
        rows=marked("the purchases and paid funnels of the category"),
        columns=(
            Column(key="category", title=marked("Category")),
            Column(key="currency", title=marked("Currency")),
            Column(key="total_revenue", title=marked("Revenue"), unit=MONEY),
            Column(key="orders", title=marked("Orders"), unit=COUNT),
        ),
        endpoint="/api/product_category_performance",
        sources=SALES,
    ),
    Figure(
        key="customer_satisfaction",
        title=marked("Satisfaction"),
        meaning=marked("How content customers say they are, from 1 to 10"),
        formula=marked(
            "sum of scores ÷ number of scores: every signal counts once, a review's stars double"
        ),
        grain=marked("service case with a score, or review"),
        null_rule=marked("null without a signal"),
        period=marked("signals in the period"),
        rows=marked("the signals"),
        columns=(
            Column(key="score", title=marked("Score"), unit=SCORE),
            Column(key="signals", title=marked("Signals"), unit=COUNT),
        ),
        unit=SCORE,
        endpoint="/api/customer_satisfaction",
        sources=SIGNALS,
    ),
    Figure(
        key="churn_risk",
        title=marked("Churn risk"),
        meaning=marked("How many customers we are about to lose"),
        formula=marked(
            "number of profiles by risk: 1 - P(alive) of MBG/NBD, low below 1/3, high from 2/3; with "
            "too few repeat buyers by days since the last purchase (90, 180)"
        ),
        grain=marked("person"),
        null_rule=marked('who never bought cannot be lost: "No purchase"'),
        period=ACTIVE,
        rows=marked("the profiles of the risk"),
        columns=(
            Column(key="churn_risk", title=marked("Risk")),
            Column(key="count", title=marked("Customers"), unit=COUNT),
            Column(key="share", title=marked("Share"), unit=PERCENT),
            Column(key="total_lifetime_value", title=marked("Lifetime value"), unit=MONEY),
        ),
        endpoint="/api/churn_risk",
        sources=SALES,
    ),
    Figure(
        key="rfm_segmentation",
        title=marked("Recency, frequency, monetary"),
        meaning=marked(
            "Where customers stand on the three scores; a bubble is as large as its customers are many"
        ),
        formula=marked(
            "number of profiles by the triple of scores: at most 125 rows, however many customers"
        ),
        grain=marked("person"),
        null_rule=marked("who never bought has no scores and no row"),
        period=ACTIVE,
        rows=marked("the profiles with these scores"),
        columns=(
            Column(key="recency_score", title=marked("Recency"), unit=SCORE),
            Column(key="frequency_score", title=marked("Frequency"), unit=SCORE),
            Column(key="monetary_score", title=marked("Monetary"), unit=SCORE),
            Column(key="count", title=marked("Customers"), unit=COUNT),
            Column(key="customer_segment", title=marked("Segment")),
        ),
        endpoint="/api/rfm_segmentation",
        sources=SALES,
    ),
    Figure(
        key="funnel_by_channel",
        title=marked("Lead to sale by channel"),
        meaning=marked("How far leads of each channel get"),
        formula=marked(
            "number of the latest funnels of rooms by channel: all, those booked, those paid"
        ),
        grain=marked("funnel"),
        null_rule=marked(
            "shares are null where there is no lead; it is read live, not with the build"
        ),
        period=marked("leads in the period"),
        rows=marked("the funnels of the channel"),
        columns=(
            Column(key="channel", title=marked("Channel")),
            Column(key="leads", title=marked("Leads"), unit=COUNT),
            Column(key="bookings", title=marked("Bookings"), unit=COUNT),
            Column(key="transactions", title=marked("Transactions"), unit=COUNT),
            Column(key="lead_to_transaction", title=marked("Lead to sale"), unit=PERCENT),
        ),
        endpoint="/api/funnel-report",
    ),
)
FIGURES = (*KPIS, *PICTURES)
BY_KEY = {figure.key: figure for figure in FIGURES}
