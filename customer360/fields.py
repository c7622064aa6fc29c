"""The dictionary of a profile's fields: each column's formula and what it says where nothing is known.

The customer's page, the API, the export's header and docs/metrics.md all take their words from here.
"""

from dataclasses import dataclass

from customer360.metrics import COUNT, DATE, MONEY, NUMBER, SCORE, TEXT
from funnel_site.lib.marking import marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of a customer's profile."""

    key: str
    title: str
    formula: str
    null_rule: str
    unit: str
    version: int = 1


PURCHASES_NULL = "null without a purchase"
FIELDS = (
    Field(
        key="customer_since",
        title=marked("Customer since"),
        unit=DATE,
        formula=marked(
            "earliest registration date of the customer's records, else the day of first contact"
        ),
        null_rule=marked("null where neither is known"),
    ),
    Field(
        key="total_lifetime_value",
        title=marked("Lifetime value"),
        unit=MONEY,
        formula=marked("sum of purchases minus refunds in the site's currency"),
        null_rule=marked("0 without a purchase"),
    ),
    Field(
        key="other_amounts",
        title=marked("Other currencies"),
        unit=TEXT,
        formula=marked("net sum of purchases by further currency, never converted"),
        null_rule=marked("empty where there is none"),
    ),
    Field(
        key="total_purchases",
        title=marked("Purchases"),
        unit=COUNT,
        formula=marked(
            "number of purchases with a quantity above 0 and an amount not negative, and of paid "
            "funnels"
        ),
        null_rule=marked("0 without a purchase"),
    ),
    Field(
        key="total_refunds",
        title=marked("Refunds"),
        unit=COUNT,
        formula=marked("number of purchases with a negative quantity or amount"),
        null_rule="0",
    ),
    Field(
        key="first_purchase_date",
        title=marked("First purchase"),
        unit=DATE,
        formula=marked("earliest day with a purchase"),
        null_rule=PURCHASES_NULL,
    ),
    Field(
        key="last_purchase_date",
        title=marked("Last purchase"),
        unit=DATE,
        formula=marked("latest day with a purchase that is not after the build's day"),
        null_rule=PURCHASES_NULL,
    ),
    Field(
        key="purchase_days",
        title=marked("Purchase days"),
        unit=COUNT,
        formula=marked("number of days with a purchase"),
        null_rule=marked("0 without a purchase"),
    ),
    Field(
        key="average_order_value",
        title=marked("Average order value"),
        unit=MONEY,
        formula=marked("lifetime value ÷ purchases in the site's currency"),
        null_rule=PURCHASES_NULL,
    ),
    Field(
        key="favorite_product_category",
        title=marked("Favourite category"),
        unit=TEXT,
        formula=marked(
            "category with the greatest amount, then number, then latest purchase, then name"
        ),
        null_rule=marked("empty without a purchase that has one"),
    ),
    Field(
        key="favorite_brand",
        title=marked("Favourite brand"),
        unit=TEXT,
        formula=marked(
            "brand with the greatest amount, then number, then latest purchase, then name"
        ),
        null_rule=marked("empty without a purchase that has one"),
    ),
    Field(
        key="recency_score",
        title=marked("Recency score"),
        unit=SCORE,
        formula=marked(
            "fifth of the buyers by last purchase day, 5 the latest; equal values score alike"
        ),
        null_rule=PURCHASES_NULL,
    ),
    Field(
        key="frequency_score",
        title=marked("Frequency score"),
        unit=SCORE,
        formula=marked(
            "fifth of the buyers by number of purchases, 5 the most; equal values score alike"
        ),
        null_rule=PURCHASES_NULL,
    ),
    Field(
        key="monetary_score",
        title=marked("Monetary score"),
        unit=SCORE,
        formula=marked(
            "fifth of the buyers by lifetime value, 5 the most; equal values score alike"
        ),
        null_rule=PURCHASES_NULL,
    ),
    Field(
        key="customer_segment",
        title=marked("Segment"),
        unit=TEXT,
        formula=marked("the name of the three scores' place in the cube (docs/analyst.md)"),
        null_rule=marked('"No purchase yet" without scores'),
    ),
    Field(
        key="value_tier",
        title=marked("Value tier"),
        unit=TEXT,
        formula=marked("by the monetary score: 5 high, 3 and 4 medium, 1 and 2 low"),
        null_rule=marked('"none" without scores'),
    ),
    Field(
        key="churn_risk_score",
        title=marked("Churn risk"),
        unit=NUMBER,
        formula=marked("1 - P(alive) of MBG/NBD on purchase days, in weeks"),
        null_rule=marked("null without a purchase and where no model could be fitted"),
    ),
    Field(
        key="churn_risk",
        title=marked("Churn band"),
        unit=TEXT,
        formula=marked(
            "low below 1/3, medium below 2/3, else high; without a model low up to 90 days since "
            "the last purchase, medium up to 180, else high"
        ),
        null_rule=marked('"no_purchase" without a purchase'),
    ),
    Field(
        key="scored_by",
        title=marked("Scored by"),
        unit=TEXT,
        formula=marked("mbg_nbd, or rule where fewer than 50 customers came back"),
        null_rule=marked("empty without a purchase"),
    ),
    Field(
        key="expected_purchases_90d",
        title=marked("Expected purchases, 90 days"),
        unit=NUMBER,
        formula=marked("expected purchase days in the next 90 days by MBG/NBD"),
        null_rule=marked("null where churn_risk_score is"),
    ),
    Field(
        key="expected_value_12m",
        title=marked("Expected value, 12 months"),
        unit=MONEY,
        formula=marked(
            "expected purchases by month times expected spend by Gamma-Gamma, discounted by 10% "
            "a year"
        ),
        null_rule=marked("null where no model could be fitted"),
    ),
    Field(
        key="last_interaction_date",
        title=marked("Last interaction"),
        unit=DATE,
        formula=marked("latest day of a service case or conversation"),
        null_rule=marked("null without one"),
    ),
    Field(
        key="last_interaction_type",
        title=marked("Last interaction type"),
        unit=TEXT,
        formula=marked("type of that interaction; a room is a conversation"),
        null_rule=marked("empty without one"),
    ),
    Field(
        key="total_interactions",
        title=marked("Interactions"),
        unit=COUNT,
        formula=marked("number of service cases and conversations"),
        null_rule=marked("0 without one"),
    ),
    Field(
        key="average_satisfaction_score",
        title=marked("Satisfaction"),
        unit=SCORE,
        formula=marked(
            "mean of the scores from 1 to 10 of service cases and reviews (stars double)"
        ),
        null_rule=marked("null without a score"),
    ),
    Field(
        key="satisfaction_signals",
        title=marked("Satisfaction signals"),
        unit=COUNT,
        formula=marked("number of scores in that mean"),
        null_rule=marked("0 without one"),
    ),
    Field(
        key="total_website_visits",
        title=marked("Website visits"),
        unit=COUNT,
        formula=marked("number of sessions, also of people who never wrote to us"),
        null_rule=marked("0 without one"),
    ),
    Field(
        key="average_time_spent_on_site",
        title=marked("Seconds a visit"),
        unit=NUMBER,
        formula=marked("mean time of a session in seconds"),
        null_rule=marked("null without a session"),
    ),
    Field(
        key="most_viewed_product_category",
        title=marked("Category asked about"),
        unit=TEXT,
        formula=marked(
            "category of the products that service cases are about, most often first; the "
            "website's rows name no product"
        ),
        null_rule=marked("empty without one"),
    ),
    Field(
        key="campaigns_targeted",
        title=marked("Campaigns offered"),
        unit=COUNT,
        formula=marked("campaigns whose audience the customer is in, or that they reacted to"),
        null_rule=marked("0 without one"),
    ),
    Field(
        key="campaigns_responded",
        title=marked("Campaigns responded to"),
        unit=COUNT,
        formula=marked("distinct campaigns with a response; an unsubscribe is none"),
        null_rule="0",
    ),
    Field(
        key="campaign_response_rate",
        title=marked("Campaign response rate"),
        unit=NUMBER,
        formula=marked("campaigns responded to ÷ campaigns offered, from 0 to 1"),
        null_rule=marked("null where none was offered"),
    ),
    Field(
        key="preferred_marketing_channel",
        title=marked("Preferred channel"),
        unit=TEXT,
        formula=marked("channel with the most responses, then the latest, then the name"),
        null_rule=marked("empty without a response"),
    ),
)
