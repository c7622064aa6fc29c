"""Who contributes what to a profile: the CDP's tables and our own apps, each row once.

A contribution is a SELECT with the columns of its kind. Own data are read where they lie and copied
nowhere, so that they cannot count twice: a funnel with a transaction is a purchase, a room an
interaction, a review with stars a satisfaction signal. To add a source, add a SELECT.

In the texts `{only}` becomes a condition on the customer, `{days}` one on the day, and what else is
in braces is spelled by the dialect. `as_of`, `zone` and `currency` are parameters.
"""

from dataclasses import dataclass

from django.apps import apps

from customer360.dialect import Dialect

CONVERSATION = "conversation"
STARS_TO_SCORE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One source: the app it needs, what it selects from where, and its customer and day.

    `person` is the join that finds the customer; where nobody asks for customers it is left out.
    `moment` is the column that a computed day is of.
    """

    app: str
    columns: str
    source: str
    person: str = ""
    customer: str
    day: str
    condition: str = ""
    moment: str = ""


RECORD = "JOIN customer360_customerrecord r ON r.id = {0}.record_id"
FUNNEL_DAY = "[day f.transaction_date]"

SALES = (
    # customer_id, day, amount, currency, is_order, quantity, category, brand
    Contribution(
        app="customer360",
        columns=(
            "[exact p.total_amount] AS amount,"
            " p.currency, CASE WHEN p.quantity > 0 AND p.total_amount >= 0 THEN 1 ELSE 0 END AS"
            " is_order, p.quantity, product.category, product.brand"
        ),
        source="customer360_purchase p JOIN customer360_product product ON product.id = p.product_id",
        person=RECORD.format("p"),
        customer="r.customer_id",
        day="p.purchase_date",
    ),
    Contribution(
        app="funnels",
        columns=(
            "[exact COALESCE(f.transaction_value, 0)] AS amount,"
            " CASE WHEN f.currency = '' THEN %(currency)s ELSE f.currency END AS currency,"
            " 1 AS is_order, 1 AS quantity, '' AS category, '' AS brand"
        ),
        source="funnels_funnel f",
        customer="f.customer_id",
        day=FUNNEL_DAY,
        moment="f.transaction_date",
        condition="f.customer_id IS NOT NULL",
    ),
    # A funnel paid in several currencies is one purchase with several amounts.
    Contribution(
        app="funnels",
        columns=(
            "[exact CAST(pair.value AS DECIMAL)] AS amount, pair.key AS currency,"
            " 2 AS is_order, 0 AS quantity, '' AS category, '' AS brand"
        ),
        source="funnels_funnel f CROSS JOIN [pairs f.other_amounts] AS pair",
        customer="f.customer_id",
        day=FUNNEL_DAY,
        moment="f.transaction_date",
        condition="f.customer_id IS NOT NULL",
    ),
)

INTERACTIONS = (
    # customer_id, day, type, category
    Contribution(
        app="customer360",
        columns="i.interaction_type AS type, COALESCE(product.category, '') AS category",
        source=(
            "customer360_serviceinteraction i"
            " LEFT JOIN customer360_product product ON product.id = i.product_id"
        ),
        person=RECORD.format("i"),
        customer="r.customer_id",
        day="i.interaction_date",
    ),
    Contribution(
        app="conversations",
        columns=f"'{CONVERSATION}' AS type, '' AS category",
        source="conversations_room room",
        customer="room.customer_id",
        day="[day room.started_at]",
        condition="room.customer_id IS NOT NULL",
    ),
)

SIGNALS = (
    # customer_id, day, score from 1 to 10
    Contribution(
        app="customer360",
        columns="i.satisfaction_score AS score",
        source="customer360_serviceinteraction i",
        person=RECORD.format("i"),
        customer="r.customer_id",
        day="i.interaction_date",
        condition="i.satisfaction_score IS NOT NULL",
    ),
    Contribution(
        app="reviews",
        columns=f"v.rating * {STARS_TO_SCORE} AS score",
        source="reviews_review v",
        customer="v.customer_id",
        day="[day v.created_at]",
        moment="v.created_at",
        condition="v.rating IS NOT NULL AND v.customer_id IS NOT NULL",
    ),
)


def union_of(
    contributions: tuple[Contribution, ...],
    spelling: Dialect,
    *,
    only: str = "",
    days: str = "",
    people: bool = True,
    within: str = "",
) -> str:
    """The rows of all installed contributions up to `as_of`.

    `only` and `days` are subqueries that a customer or a day must be in; empty: all. Without `people`
    the rows do not say whose they are, and the records are not read for it. `within` is a condition on
    the moments that days are computed from, so that their index is used.
    """
    parts = []
    for one in contributions:
        if not apps.is_installed(one.app):
            continue
        conditions = [f"{one.day} <= %(as_of)s"]
        if one.condition:
            conditions.append(one.condition)
        if only:
            conditions.append(f"{one.customer} IN ({only})")
        if days:
            conditions.append(f"{one.day} IN ({days})")
        if within and one.moment:
            conditions.append(within.format(one.moment))
        whose, person = (f"{one.customer}, ", f" {one.person}") if people else ("", "")
        parts.append(
            f"SELECT {whose}{one.day} AS day, {one.columns}"
            f" FROM {one.source}{person} WHERE {' AND '.join(conditions)}"
        )
    return spelled(" UNION ALL ".join(parts), spelling)


def spelled(text: str, spelling: Dialect) -> str:
    """Put the dialect's expressions for `[exact …]`, `[day …]` and `[pairs …]`.

    >>> from customer360.dialect import SQLITE
    >>> spelled("SELECT [exact p.total_amount] FROM p", SQLITE)
    'SELECT CAST(ROUND(p.total_amount * 100) AS INTEGER) FROM p'
    """
    for name, make in (
        ("[exact ", spelling.exact.format),
        ("[day ", spelling.day_of),
        ("[pairs ", spelling.json_pairs.format),
    ):
        while (start := text.find(name)) >= 0:
            end = text.index("]", start)
            text = text[:start] + make(text[start + len(name) : end]) + text[end + 1 :]
    return text
