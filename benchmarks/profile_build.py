"""Building customer profiles, against one hand-written SQL statement for the same columns.

    DATABASE_URL=postgres://… python -m benchmarks.profile_build [--customers 1000000] [--changed 1000]

Each customer has ten purchases on average, one service case, two visits and one campaign response. The
statement makes a table of all profile columns at once: RFM scores with cut points by percentile_disc,
segments by a join with the cube, and churn risk from the parameters that the product fitted, which it
is given. It is run once to warm the cache, then measured; the product's full build is measured in the
same database, then a build of the changed customers only.
"""

import argparse
import time
from typing import Any

from benchmarks.databases import fresh_database, set_up_django

AS_OF = "2026-06-30"
FILL = """
INSERT INTO conversations_customer (id, name, email, phone_number, first_seen_at, last_seen_at)
    SELECT n, '', '', '+62899' || lpad(n::text, 8, '0'), '2025-01-01', '2025-01-01'
    FROM generate_series(1, {customers}) n;
INSERT INTO customer360_customerrecord (id, external_id, first_name, last_name, email, phone_number,
    phone_text, date_of_birth, registration_date, customer_id)
    SELECT n, n::text, 'First', 'Last', '', '', '', DATE '1950-01-01' + n % 20000,
    DATE '2024-01-01' + n % 500, n FROM generate_series(1, {customers}) n;
INSERT INTO customer360_product (id, external_id, product_name, category, brand)
    SELECT n, n::text, 'Product ' || n, 'Category ' || n % 8, 'Brand ' || n % 30
    FROM generate_series(1, 500) n;
INSERT INTO customer360_campaign (id, external_id, campaign_name, start_date, channel, target_audience)
    SELECT n, n::text, 'Campaign ' || n, DATE '2025-06-01' + n * 10,
    (ARRAY['email', 'print', 'radio'])[1 + n % 3], (ARRAY['all', 'young adults', 'seniors', 'parents'])[1 + n % 4]
    FROM generate_series(1, 20) n;
INSERT INTO customer360_purchase (id, external_id, record_id, product_id, purchase_date, quantity,
    total_amount, currency, store_id)
    SELECT n, n::text, 1 + floor({customers} * pow(random(), 1.7))::bigint, 1 + floor(random() * 500)::bigint,
    DATE '2025-07-01' + floor(random() * 365)::int, CASE WHEN n % 50 = 0 THEN -1 ELSE 1 + n % 4 END,
    CASE WHEN n % 50 = 0 THEN -1 ELSE 1 END * round((exp(random() * 4) * 10000)::numeric, 2),
    'IDR', '' FROM generate_series(1, {customers} * 10) n;
INSERT INTO customer360_serviceinteraction (id, external_id, record_id, interaction_date,
    interaction_type, product_id, resolution_status, satisfaction_score)
    SELECT n, n::text, 1 + floor(random() * {customers})::bigint, DATE '2025-07-01' + floor(random() * 365)::int,
    (ARRAY['complaint', 'inquiry', 'feedback'])[1 + n % 3], 1 + n % 500, '', 1 + n % 10
    FROM generate_series(1, {customers}) n;
INSERT INTO customer360_websitevisit (id, external_id, record_id, visit_date, pages_viewed, time_spent, source)
    SELECT n, n::text, 1 + floor(random() * {customers})::bigint, DATE '2025-07-01' + floor(random() * 365)::int,
    1 + n % 20, n % 1800, 'direct' FROM generate_series(1, {customers} * 2) n;
INSERT INTO customer360_campaignresponse (id, external_id, record_id, campaign_id, response_date, response_type)
    SELECT n, n::text, 1 + floor(random() * {customers})::bigint, 1 + n % 20, DATE '2026-01-01',
    (ARRAY['click', 'purchase', 'unsubscribe'])[1 + n % 3] FROM generate_series(1, {customers}) n;
"""
TABLES = (
    "conversations_customer",
    *(
        f"customer360_{name}"
        for name in (
            "customerrecord",
            "product",
            "campaign",
            "purchase",
            "serviceinteraction",
            "websitevisit",
            "campaignresponse",
        )
    ),
)


def fill(customers: int) -> None:
    """Make the sources, past the triggers: a first build takes everybody anyway."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SELECT setseed(0.5)")
        for statement in FILL.format(customers=customers).split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        cursor.execute("SET session_replication_role = DEFAULT")
        for table in TABLES:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            )
        cursor.execute("VACUUM ANALYZE")


STATEMENT = """
CREATE TABLE by_hand AS WITH sale AS MATERIALIZED ({sales}), raw AS MATERIALIZED ({raw}),
cuts AS (SELECT percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY last_purchase_date) AS r,
    percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY total_purchases) AS f,
    percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY total_lifetime_value) AS m
    FROM raw WHERE last_purchase_date IS NOT NULL),
scored AS (SELECT raw.*,
    CASE WHEN last_purchase_date IS NOT NULL THEN 1 + (last_purchase_date > r[1])::int + (last_purchase_date > r[2])::int
        + (last_purchase_date > r[3])::int + (last_purchase_date > r[4])::int END AS recency_score,
    CASE WHEN last_purchase_date IS NOT NULL THEN 1 + (total_purchases > f[1])::int + (total_purchases > f[2])::int
        + (total_purchases > f[3])::int + (total_purchases > f[4])::int END AS frequency_score,
    CASE WHEN last_purchase_date IS NOT NULL THEN 1 + (total_lifetime_value > m[1])::int + (total_lifetime_value > m[2])::int
        + (total_lifetime_value > m[3])::int + (total_lifetime_value > m[4])::int END AS monetary_score,
    1 - 1 / (1 + %(a)s / (%(b)s + purchase_days - 1) * power((%(alpha)s + (DATE %(as_of)s - first_purchase_date) / 7.0::float8)
        / (%(alpha)s + (last_purchase_date - first_purchase_date) / 7.0::float8), %(r)s + purchase_days - 1)) AS risk
    FROM raw CROSS JOIN cuts)
SELECT scored.*, COALESCE(cube.name, 'No purchase yet') AS customer_segment,
    CASE WHEN monetary_score = 5 THEN 'high' WHEN monetary_score >= 3 THEN 'medium' WHEN monetary_score >= 1
        THEN 'low' ELSE 'none' END AS value_tier, round(risk::numeric, 4) AS churn_risk_score,
    CASE WHEN risk < 1 / 3.0 THEN 'low' WHEN risk < 2 / 3.0 THEN 'medium' WHEN risk IS NOT NULL THEN 'high'
        ELSE 'no_purchase' END AS churn_risk,
    round(((1 - risk) * (%(r)s + purchase_days - 1) * 90 / 7.0 / (%(alpha)s
        + (DATE %(as_of)s - first_purchase_date) / 7.0))::numeric, 4) AS expected_purchases_90d,
    round(((1 - risk) * (%(r)s + purchase_days - 1) * 52 / (%(alpha)s
        + (DATE %(as_of)s - first_purchase_date) / 7.0))::numeric * repeat_value, 2) AS expected_value_12m
FROM scored LEFT JOIN (VALUES {cube}) AS cube(r, f, m, name)
    ON (cube.r, cube.f, cube.m) = (recency_score, frequency_score, monetary_score)
"""


def by_hand(fit: dict[str, Any]) -> float:
    """Seconds of the one statement, with the memory and the primary key that the product has, too."""
    from datetime import date

    from django.db import connection

    from customer360.dialect import dialect
    from customer360.profile_sql import profile_select, sales_select
    from customer360.scores.segments import segment_name
    from customer360.services.building import WORK_MEM
    from customer360.services.staging import parameters

    fifths = range(1, 6)
    cube = ", ".join(
        "({}, {}, {}, '{}')".format(r, f, m, segment_name(r, f, m).replace("'", "''"))
        for r in fifths
        for f in fifths
        for m in fifths
    )
    statement = STATEMENT.format(
        sales=sales_select(dialect()),
        raw=profile_select(dialect(), sales="SELECT * FROM sale"),
        cube=cube,
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SET work_mem = '{WORK_MEM}'")
        cursor.execute("DROP TABLE IF EXISTS by_hand")
        started = time.perf_counter()
        cursor.execute(
            statement,
            {
                **parameters(date.fromisoformat(AS_OF)),
                **{k: fit[k] for k in ("r", "alpha", "a", "b")},
            },
        )
        cursor.execute("ALTER TABLE by_hand ADD PRIMARY KEY (customer_id)")
        taken = time.perf_counter() - started
        cursor.execute("RESET work_mem")
    return taken


def change(customers: int, changed: int) -> None:
    """A purchase of the day by so many customers."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customer360_purchase (external_id, record_id, product_id, purchase_date,"
            " quantity, total_amount, currency, store_id)"
            " SELECT 'new-' || n, 1 + n * (%s / %s), 7, %s, 1, 125000, 'IDR', ''"
            " FROM generate_series(0, %s - 1) n",
            [customers, changed, AS_OF, changed],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--changed", type=int, default=1_000)
    given = parser.parse_args()
    with fresh_database() as url:
        set_up_django(url)
        from datetime import date

        from customer360.services.building import build_profiles

        started = time.perf_counter()
        fill(given.customers)
        print(flush=True)
        print(f"{given.customers:,} customers, {given.customers * 10:,} purchases made in"
              f" {time.perf_counter() - started:.0f} s")  # fmt: skip
        day = date.fromisoformat(AS_OF)
        build_profiles(mode="full", as_of=day)  # warms the cache
        started = time.perf_counter()
        build = build_profiles(mode="full", as_of=day, refit=True)
        full = time.perf_counter() - started
        print(f"full build: {full:.1f} s  {build.results['seconds']}")
        hand = by_hand(build.fit.mbg_nbd)
        print(f"one statement by hand: {hand:.1f} s; ratio {full / hand:.2f} (goal 1.5 or less)")
        change(given.customers, given.changed)
        started = time.perf_counter()
        build = build_profiles(mode="changed", as_of=day)
        part = time.perf_counter() - started
        print(f"changed build of {build.customers:,}: {part:.2f} s  {build.results}")
        print(f"1/{full / part:.0f} of the full one (goal 1/100 or less at 1,000,000 customers)")


if __name__ == "__main__":
    main()
