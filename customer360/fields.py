"""The dictionary of a profile's fields: each column's formula and what it says where nothing is known.

The customer's page, the API, the export's header and docs/metrics.md all take their words from here.
"""

from dataclasses import dataclass

from customer360.metrics import COUNT, DATE, MONEY, NUMBER, SCORE, TEXT


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
        title="Customer since",
        unit=DATE,
        formula="earliest registration date of the customer's records, else the day of first contact",
        null_rule="null where neither is known",
    ),
    Field(
        key="total_lifetime_value",
        title="Lifetime value",
        unit=MONEY,
        formula="sum of purchases minus refunds in the site's currency",
        null_rule="0 without a purchase",
    ),
    Field(
        key="other_amounts",
        title="Other currencies",
        unit=TEXT,
        formula="net sum of purchases by further currency, never converted",
        null_rule="empty where there is none",
    ),
    Field(
        key="total_purchases",
        title="Purchases",
        unit=COUNT,
        formula="number of purchases with a quantity above 0 and an amount not negative, and of paid "
        "funnels",
        null_rule="0 without a purchase",
    ),
    Field(
        key="total_refunds",
        title="Refunds",
        unit=COUNT,
        formula="number of purchases with a negative quantity or amount",
        null_rule="0",
    ),
    Field(
        key="first_purchase_date",
        title="First purchase",
        unit=DATE,
        formula="earliest day with a purchase",
        null_rule=PURCHASES_NULL,
    ),
    Field(
        key="last_purchase_date",
        title="Last purchase",
        unit=DATE,
        formula="latest day with a purchase that is not after the build's day",
        null_rule=PURCHASES_NULL,
    ),
    Field(
        key="purchase_days",
        title="Purchase days",
        unit=COUNT,
        formula="number of days with a purchase",
        null_rule="0 without a purchase",
    ),
    Field(
        key="average_order_value",
        title="Average order value",
        unit=MONEY,
        formula="lifetime value ÷ purchases in the site's currency",
        null_rule=PURCHASES_NULL,
    ),
    Field(
        key="favorite_product_category",
        title="Favourite category",
        unit=TEXT,
        formula="category with the greatest amount, then number, then latest purchase, then name",
        null_rule="empty without a purchase that has one",
    ),
    Field(
        key="favorite_brand",
        title="Favourite brand",
        unit=TEXT,
        formula="brand with the greatest amount, then number, then latest purchase, then name",
        null_rule="empty without a purchase that has one",
    ),
    Field(
        key="recency_score",
        title="Recency score",
        unit=SCORE,
        formula="fifth of the buyers by last purchase day, 5 the latest; equal values score alike",
        null_rule=PURCHASES_NULL,
    ),
    Field(
        key="frequency_score",
        title="Frequency score",
        unit=SCORE,
        formula="fifth of the buyers by number of purchases, 5 the most; equal values score alike",
        null_rule=PURCHASES_NULL,
    ),
    Field(
        key="monetary_score",
        title="Monetary score",
        unit=SCORE,
        formula="fifth of the buyers by lifetime value, 5 the most; equal values score alike",
        null_rule=PURCHASES_NULL,
    ),
    Field(
        key="customer_segment",
        title="Segment",
        unit=TEXT,
        formula="the name of the three scores' place in the cube (docs/analyst.md)",
        null_rule='"No purchase yet" without scores',
    ),
    Field(
        key="value_tier",
        title="Value tier",
        unit=TEXT,
        formula="by the monetary score: 5 high, 3 and 4 medium, 1 and 2 low",
        null_rule='"none" without scores',
    ),
    Field(
        key="churn_risk_score",
        title="Churn risk",
        unit=NUMBER,
        formula="1 - P(alive) of MBG/NBD on purchase days, in weeks",
        null_rule="null without a purchase and where no model could be fitted",
    ),
    Field(
        key="churn_risk",
        title="Churn band",
        unit=TEXT,
        formula="low below 1/3, medium below 2/3, else high; without a model low up to 90 days since "
        "the last purchase, medium up to 180, else high",
        null_rule='"no_purchase" without a purchase',
    ),
    Field(
        key="scored_by",
        title="Scored by",
        unit=TEXT,
        formula="mbg_nbd, or rule where fewer than 50 customers came back",
        null_rule="empty without a purchase",
    ),
    Field(
        key="expected_purchases_90d",
        title="Expected purchases, 90 days",
        unit=NUMBER,
        formula="expected purchase days in the next 90 days by MBG/NBD",
        null_rule="null where churn_risk_score is",
    ),
    Field(
        key="expected_value_12m",
        title="Expected value, 12 months",
        unit=MONEY,
        formula="expected purchases by month times expected spend by Gamma-Gamma, discounted by 10 % "
        "a year",
        null_rule="null where no model could be fitted",
    ),
    Field(
        key="last_interaction_date",
        title="Last interaction",
        unit=DATE,
        formula="latest day of a service case or conversation",
        null_rule="null without one",
    ),
    Field(
        key="last_interaction_type",
        title="Last interaction type",
        unit=TEXT,
        formula="type of that interaction; a room is a conversation",
        null_rule="empty without one",
    ),
    Field(
        key="total_interactions",
        title="Interactions",
        unit=COUNT,
        formula="number of service cases and conversations",
        null_rule="0 without one",
    ),
    Field(
        key="average_satisfaction_score",
        title="Satisfaction",
        unit=SCORE,
        formula="mean of the scores from 1 to 10 of service cases and reviews (stars double)",
        null_rule="null without a score",
    ),
    Field(
        key="satisfaction_signals",
        title="Satisfaction signals",
        unit=COUNT,
        formula="number of scores in that mean",
        null_rule="0 without one",
    ),
    Field(
        key="total_website_visits",
        title="Website visits",
        unit=COUNT,
        formula="number of sessions, also of people who never wrote to us",
        null_rule="0 without one",
    ),
    Field(
        key="average_time_spent_on_site",
        title="Seconds a visit",
        unit=NUMBER,
        formula="mean time of a session in seconds",
        null_rule="null without a session",
    ),
    Field(
        key="most_viewed_product_category",
        title="Category asked about",
        unit=TEXT,
        formula="category of the products that service cases are about, most often first; the "
        "website's rows name no product",
        null_rule="empty without one",
    ),
    Field(
        key="campaigns_targeted",
        title="Campaigns offered",
        unit=COUNT,
        formula="campaigns whose audience the customer is in, or that they reacted to",
        null_rule="0 without one",
    ),
    Field(
        key="campaigns_responded",
        title="Campaigns responded to",
        unit=COUNT,
        formula="distinct campaigns with a response; an unsubscribe is none",
        null_rule="0",
    ),
    Field(
        key="campaign_response_rate",
        title="Campaign response rate",
        unit=NUMBER,
        formula="campaigns responded to ÷ campaigns offered, from 0 to 1",
        null_rule="null where none was offered",
    ),
    Field(
        key="preferred_marketing_channel",
        title="Preferred channel",
        unit=TEXT,
        formula="channel with the most responses, then the latest, then the name",
        null_rule="empty without a response",
    ),
)
