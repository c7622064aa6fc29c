"""The one statement that makes all columns of the profiles, except the scores.

The rules, in the order of the statement:

- An order is a purchase with a quantity above zero and an amount that is not negative. Everything
  else is a refund: it lowers the lifetime value, and is no purchase in counts, dates and favourites'
  counts. A row dated after `as_of` does not count yet.
- Amounts in other currencies than the site's are kept apart in `other_amounts`. They count as
  purchases; the average order value is of the site's currency alone.
- Favourites: by amount, then number, then the latest, then the name.
- The interaction shown last: the latest day, then the type's name.
- The category viewed most: that of the products the customer's service cases are about, by number,
  then the latest, then the name. The website's own rows do not say what was viewed.
- A campaign is offered to a customer with a record who is in its audience (`all`; `young adults`, 18
  to 34; `seniors`, 60 and older) once it has started, and to whoever reacted to it in any way. The
  response rate is the campaigns responded to by those offered. An unsubscribe is a reaction, not a
  response.
"""

from customer360.contributions import INTERACTIONS, SALES, SIGNALS, union_of
from customer360.dialect import Dialect

MONTHS_KEPT = 60
REACTIONS_ONLY = (
    "unsubscribe",
    "unsubscribed",
    "sent",
    "delivered",
    "bounce",
    "bounced",
    "spam",
    "ignored",
    "no response",
    "none",
)
YOUNG_ADULTS, SENIORS_FROM = (18, 34), 60

# In brackets and first: PostgreSQL orders only so many joins by itself, and has to begin with the few.
PEOPLE = "SELECT p.id, p.first_seen_at FROM conversations_customer p WHERE 1 = 1 {only}"

TOTALS = """
SELECT customer_id,
    CAST(COALESCE(SUM(amount) FILTER (WHERE currency = %(currency)s), 0) AS BIGINT) AS amount,
    COUNT(*) FILTER (WHERE is_order = 1) AS orders,
    COUNT(*) FILTER (WHERE is_order = 0) AS refunds,
    COUNT(*) FILTER (WHERE is_order = 1 AND currency = %(currency)s) AS site_orders,
    MIN(day) FILTER (WHERE is_order = 1) AS first_day,
    MAX(day) FILTER (WHERE is_order = 1) AS last_day,
    COUNT(*) FILTER (WHERE is_order = 1 AND is_new) AS days,
    CAST(COALESCE(SUM(amount) FILTER (
        WHERE is_order = 1 AND currency = %(currency)s AND day > first_day), 0) AS BIGINT)
        AS sold_later,
    {months} AS months
FROM (
    SELECT sale.*, day {is_not} LAG(day) OVER same AS is_new, FIRST_VALUE(day) OVER same AS first_day
    FROM ({sales}) AS sale
    WINDOW same AS (
        PARTITION BY customer_id, is_order ORDER BY day ROWS UNBOUNDED PRECEDING)
) AS dated GROUP BY customer_id
"""

FAVOURITE = """
SELECT customer_id, {name} FROM (
    SELECT customer_id, {name}, ROW_NUMBER() OVER (
        PARTITION BY customer_id ORDER BY amount DESC, number DESC, latest DESC, {key}) AS place
    FROM (
        SELECT customer_id, {name},
            COALESCE(SUM(amount) FILTER (WHERE currency = %(currency)s), 0) AS amount,
            COUNT(*) FILTER (WHERE is_order = 1) AS number,
            MAX(day) FILTER (WHERE is_order = 1) AS latest
        FROM ({sales}) AS sale WHERE {name} <> '' GROUP BY customer_id, {name}
    ) AS summed WHERE number > 0
) AS placed WHERE place = 1
"""

CONTACTS = """
SELECT customer_id, day, type, number FROM (
    SELECT customer_id, day, type,
        COUNT(*) OVER (PARTITION BY customer_id) AS number,
        ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY day DESC, {key}) AS place
    FROM ({interactions}) AS contact
) AS placed WHERE place = 1
"""

VIEWED = """
SELECT customer_id, category FROM (
    SELECT customer_id, category, ROW_NUMBER() OVER (
        PARTITION BY customer_id ORDER BY number DESC, latest DESC, {key}) AS place
    FROM (
        SELECT customer_id, category, COUNT(*) AS number, MAX(day) AS latest
        FROM ({interactions}) AS contact WHERE category <> '' GROUP BY customer_id, category
    ) AS counted
) AS placed WHERE place = 1
"""

SATISFACTION = """
SELECT customer_id, COUNT(*) AS signals, SUM(score) AS total
FROM ({signals}) AS signal GROUP BY customer_id
"""

VISITS = """
SELECT r.customer_id, COUNT(*) AS visits, SUM(v.time_spent) AS seconds
FROM customer360_websitevisit v JOIN customer360_customerrecord r ON r.id = v.record_id
WHERE v.visit_date <= %(as_of)s {only} GROUP BY r.customer_id
"""

REACTIONS = """
SELECT r.customer_id, a.campaign_id, c.channel,
    CASE WHEN c.start_date <= %(as_of)s THEN LOWER(TRIM(c.target_audience)) ELSE '' END AS audience,
    COUNT(*) FILTER (WHERE {responded}) AS responses,
    MAX(a.response_date) FILTER (WHERE {responded}) AS latest
FROM customer360_campaignresponse a
JOIN customer360_customerrecord r ON r.id = a.record_id
JOIN customer360_campaign c ON c.id = a.campaign_id
WHERE a.response_date <= %(as_of)s {only}
GROUP BY r.customer_id, a.campaign_id, c.channel, c.start_date, c.target_audience
"""

OFFERS = """
SELECT customer_id, COUNT(*) AS campaigns, COUNT(*) FILTER (WHERE responses > 0) AS responded,
    COUNT(*) FILTER (WHERE audience = 'all') AS of_all,
    COUNT(*) FILTER (WHERE audience = 'young adults') AS of_young,
    COUNT(*) FILTER (WHERE audience = 'seniors') AS of_seniors
FROM ({reactions}) AS reaction GROUP BY customer_id
"""

CHANNEL = """
SELECT customer_id, channel FROM (
    SELECT customer_id, channel, ROW_NUMBER() OVER (
        PARTITION BY customer_id ORDER BY number DESC, latest DESC, {key}) AS place
    FROM (
        SELECT customer_id, channel, SUM(responses) AS number, MAX(latest) AS latest
        FROM ({reactions}) AS reaction WHERE responses > 0 AND channel <> ''
        GROUP BY customer_id, channel
    ) AS counted
) AS placed WHERE place = 1
"""

RECORDS = """
SELECT r.customer_id, MIN(r.registration_date) AS registered, MIN(r.date_of_birth) AS born
FROM customer360_customerrecord r WHERE 1 = 1 {only} GROUP BY r.customer_id
"""

AUDIENCES = """
SELECT COUNT(*) FILTER (WHERE audience = 'all') AS of_all,
    COUNT(*) FILTER (WHERE audience = 'young adults') AS of_young,
    COUNT(*) FILTER (WHERE audience = 'seniors') AS of_seniors
FROM (SELECT LOWER(TRIM(target_audience)) AS audience FROM customer360_campaign
    WHERE start_date <= %(as_of)s) AS started
"""

OTHERS = """
SELECT customer_id, {object} AS amounts FROM (
    SELECT customer_id, currency, {amount} AS amount FROM ({sales}) AS sale
    WHERE currency <> %(currency)s GROUP BY customer_id, currency
) AS summed GROUP BY customer_id
"""

PROFILE = """
SELECT p.id AS customer_id,
    COALESCE(rec.registered, {first_seen}) AS customer_since,
    COALESCE({value}, 0) AS total_lifetime_value,
    COALESCE(other.amounts, '{{}}') AS other_amounts,
    COALESCE(s.orders, 0) AS total_purchases,
    COALESCE(s.refunds, 0) AS total_refunds,
    s.first_day AS first_purchase_date,
    s.last_day AS last_purchase_date,
    COALESCE(s.days, 0) AS purchase_days,
    CASE WHEN s.days > 1 THEN {repeat_value} END AS repeat_value,
    CASE WHEN s.site_orders > 0 THEN {order_value} END AS average_order_value,
    COALESCE(category.category, '') AS favorite_product_category,
    COALESCE(brand.brand, '') AS favorite_brand,
    COALESCE(s.months, 0) AS purchase_months,
    contact.day AS last_interaction_date,
    COALESCE(contact.type, '') AS last_interaction_type,
    COALESCE(contact.number, 0) AS total_interactions,
    COALESCE(mood.signals, 0) AS satisfaction_signals,
    {satisfaction} AS average_satisfaction_score,
    COALESCE(web.visits, 0) AS total_website_visits,
    {time_spent} AS average_time_spent_on_site,
    COALESCE(viewed.category, '') AS most_viewed_product_category,
    CASE WHEN rec.customer_id IS NULL THEN 0 ELSE {targeted} END AS campaigns_targeted,
    COALESCE(offers.responded, 0) AS campaigns_responded,
    CASE WHEN rec.customer_id IS NOT NULL AND {targeted} > 0 THEN
        {rate} END AS campaign_response_rate,
    COALESCE(channel.channel, '') AS preferred_marketing_channel
FROM ({people}) AS p
LEFT JOIN ({records}) AS rec ON rec.customer_id = p.id
LEFT JOIN ({totals}) AS s ON s.customer_id = p.id
LEFT JOIN ({others}) AS other ON other.customer_id = p.id
LEFT JOIN ({categories}) AS category ON category.customer_id = p.id
LEFT JOIN ({brands}) AS brand ON brand.customer_id = p.id
LEFT JOIN ({contacts}) AS contact ON contact.customer_id = p.id
LEFT JOIN ({satisfactions}) AS mood ON mood.customer_id = p.id
LEFT JOIN ({visits}) AS web ON web.customer_id = p.id
LEFT JOIN ({viewed}) AS viewed ON viewed.customer_id = p.id
LEFT JOIN ({offers}) AS offers ON offers.customer_id = p.id
LEFT JOIN ({channels}) AS channel ON channel.customer_id = p.id
CROSS JOIN ({audiences}) AS audience
"""

TARGETED = (
    "(audience.of_all + COALESCE(offers.campaigns - offers.of_all, 0)"
    " + CASE WHEN {young} THEN audience.of_young - COALESCE(offers.of_young, 0) ELSE 0 END"
    " + CASE WHEN {senior} THEN audience.of_seniors - COALESCE(offers.of_seniors, 0) ELSE 0 END)"
)


def sales_select(spelling: Dialect, *, only: str = "") -> str:
    """The SELECT of all sales, amounts in cents; what `profile_select` reads three times."""
    return union_of(SALES, spelling, only=only)


def profile_select(spelling: Dialect, *, sales: str, only: str = "") -> str:
    """The SELECT of all columns but the scores, a row a customer.

    `sales` is a query or table of what `sales_select` gives. `only` is a subquery of customer ids;
    empty: everybody. Parameters: as_of, zone, currency, month
    (year * 12 + month of as_of), months_kept, and the birth days young_from, young_to, seniors_to.
    """
    interactions = union_of(INTERACTIONS, spelling, only=only)
    of_records = f"AND r.customer_id IN ({only})" if only else ""
    responded = "LOWER(a.response_type) NOT IN (" + ", ".join(f"'{one}'" for one in REACTIONS_ONLY)
    reactions = REACTIONS.format(responded=responded + ")", only=of_records)
    key = spelling.text_key.format
    targeted = TARGETED.format(
        young="rec.born BETWEEN %(young_from)s AND %(young_to)s",
        senior="rec.born <= %(seniors_to)s",
    )
    return PROFILE.format(
        first_seen=spelling.day_of("p.first_seen_at"),
        value="s.amount / 100.0",
        repeat_value=half_up("s.sold_later", "s.days - 1", places=0) + " / 100.0",
        order_value=half_up("s.amount", "s.site_orders", places=0) + " / 100.0",
        satisfaction=half_up("mood.total", "mood.signals", places=2),
        time_spent=half_up("web.seconds", "web.visits", places=2),
        targeted=targeted,
        rate=half_up("COALESCE(offers.responded, 0)", targeted, places=4),
        records=RECORDS.format(only=of_records),
        totals=_totals(sales, spelling),
        others=OTHERS.format(
            sales=sales,
            object=spelling.json_object.format("currency", "amount"),
            amount=spelling.amount_text.format("SUM(amount)"),
        ),
        categories=FAVOURITE.format(sales=sales, name="category", key=key("category")),
        brands=FAVOURITE.format(sales=sales, name="brand", key=key("brand")),
        contacts=CONTACTS.format(interactions=interactions, key=key("type")),
        satisfactions=SATISFACTION.format(signals=union_of(SIGNALS, spelling, only=only)),
        visits=VISITS.format(only=of_records),
        viewed=VIEWED.format(interactions=interactions, key=key("category")),
        offers=OFFERS.format(reactions=reactions),
        channels=CHANNEL.format(reactions=reactions, key=key("channel")),
        audiences=AUDIENCES,
        people=PEOPLE.format(only=f"AND p.id IN ({only})" if only else ""),
    )


def _totals(sales: str, spelling: Dialect) -> str:
    ago = spelling.months_ago.format("day")
    bits = spelling.bits.format(f"(CAST(1 AS BIGINT) << {ago})")
    months = f"{bits} FILTER (WHERE is_order = 1 AND is_new AND {ago} < %(months_kept)s)"
    return TOTALS.format(sales=sales, months=months, is_not=spelling.is_not)


def half_up(total: str, number: str, *, places: int) -> str:
    """total / number rounded half up, in whole numbers, so that both databases round alike.

    >>> half_up("seconds", "visits", places=2)
    '(((seconds) * 200 + (visits)) / (2 * (visits))) / 100.0'
    """
    unit = 10**places
    whole = f"((({total}) * {2 * unit} + ({number})) / (2 * ({number})))"
    return f"{whole} / {unit}.0" if places else whole
