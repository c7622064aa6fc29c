"""Each figure's latency at ten thousand and at a million customers: flat, because a figure reads the
small tables of a build and not the customers.

DATABASE_URL=postgres://… python -m benchmarks.profile_api [--customers 10000 1000000] [--requests 30]
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from datetime import date
from functools import partial

import psycopg

from benchmarks.databases import fresh_database, set_up_django

AS_OF = date(2026, 3, 20)
GOAL = 3.0
# A buyer's scores follow from a hash of the id: spread over the cube, the same in every run.
FILL = """
INSERT INTO conversations_customer (name, email, phone_number, first_seen_at, last_seen_at)
SELECT 'Customer ' || n, '', '+62812' || lpad(n::text, 8, '0'), now(), now()
FROM generate_series(1, {customers}) n;

INSERT INTO customer360_customerprofile (customer_id, customer_since, total_lifetime_value, other_amounts,
  total_purchases, total_refunds, first_purchase_date, last_purchase_date, purchase_days, repeat_value,
  average_order_value, favorite_product_category, favorite_brand, purchase_months, recency_score,
  frequency_score, monetary_score, customer_segment, value_tier, churn_risk_score, churn_risk,
  expected_purchases_90d, expected_value_12m, scored_by, last_interaction_type, total_interactions,
  satisfaction_signals, total_website_visits, most_viewed_product_category, campaigns_targeted,
  campaigns_responded, preferred_marketing_channel, build_id)
SELECT id, DATE '{as_of}' - (h % 730)::int, (h % 1000000) / 100.0, '{{}}', 1 + h % 9, 0,
  DATE '{as_of}' - (h % 730)::int, DATE '{as_of}' - (h % 365)::int, 1 + h % 9, 50, 60, 'Tea', 'B',
  h % 4096, 1 + (364 - h % 365) / 73, 1 + h % 9 / 2, 1 + (h % 1000000) / 200000,
  (ARRAY['Champions', 'Loyal', 'At risk', 'Lost', 'New'])[1 + h % 5],
  (ARRAY['high', 'medium', 'low'])[1 + h % 3], (h % 10000) / 10000.0,
  (ARRAY['low', 'medium', 'high'])[1 + h % 3], 1.5, 100, 'mbg_nbd', '', 0, 0, 0, '', 0, 0, '', 1
FROM (SELECT id, ('x' || substr(md5(id::text), 1, 7))::bit(28)::int AS h
  FROM conversations_customer) AS hashed;

INSERT INTO customer360_salesday (day, category, brand, currency, orders, refunds, quantity, sold, revenue)
SELECT DATE '{as_of}' - d, 'Category ' || c, 'Brand ' || b, 'IDR', {customers} / 5000, 0, 10, 1000, 1000
FROM generate_series(0, 729) d, generate_series(1, 12) c, generate_series(1, 5) b;

INSERT INTO customer360_satisfactionday (day, score, signals)
SELECT DATE '{as_of}' - d, s, {customers} / 10000 FROM generate_series(0, 729) d, generate_series(1, 10) s;

INSERT INTO customer360_profilebuild (mode, state, as_of, started_at, finished_at, step, steps_done,
  steps, customers, rules_version, currency, results, error)
VALUES ('full', 'done', '{as_of}', now(), now(), '', 1, 1, {customers}, 1, 'IDR', '{{}}', '');
"""


def fill(url: str, customers: int) -> None:
    """Profiles of so many customers, and the small tables that a build makes of them."""
    from customer360.services.summaries import rebuild_customer_summaries

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FILL.format(customers=customers, as_of=AS_OF))
    rebuild_customer_summaries(as_of=AS_OF)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def milliseconds(ask: Callable[[], None], number: int) -> float:
    """The median of so many requests."""
    taken = []
    for _ in range(number):
        started = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)


def measure(number: int) -> dict[str, tuple[float, float]]:
    """Median milliseconds a path: with an empty cache, and with the build's answer in it."""
    from django.core.cache import cache
    from django.test import Client

    from conversations.models import Customer
    from customer360.figures import TRACES
    from funnel_site.access.services import create_api_key

    secret = create_api_key(name="benchmark", scopes=["profiles"])[1]
    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Api-Key {secret}"})
    one = Customer.objects.order_by("pk").values_list("pk", flat=True)[5]
    days = "?date_from=2025-09-01&date_to=2026-02-28"
    paths = [f"/api/{key}" for key in ("kpis", "top_customers", *TRACES)]
    paths += [f"{path}{days}" for path in paths] + [f"/api/customers/{one}/profile"]

    def ask(path: str) -> None:
        response = client.get(path)
        assert response.status_code == 200, (path, response.content)

    def ask_afresh(path: str) -> None:
        cache.clear()
        ask(path)

    found = {}
    for path in paths:
        ask(path)
        first = milliseconds(partial(ask_afresh, path), number)
        ask(path)
        kept = milliseconds(partial(ask, path), number)
        found[path] = (first, kept)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--requests", type=int, default=30)
    given = parser.parse_args()
    found = {}
    server = os.environ.get("DATABASE_URL", "")
    for customers in given.customers:
        # Setting Django up has put the last database in its place.
        os.environ["DATABASE_URL"] = server
        with fresh_database() as url:
            use(url)
            fill(url, customers)
            found[customers] = measure(given.requests)
    print(f"median ms of {given.requests} requests: computed / kept in the cache")
    heads = "".join(f"{customers:>22,}" for customers in given.customers)
    print(f"{'':72}{heads}   grows by")
    for path in found[given.customers[0]]:
        cells = "".join(f"{found[n][path][0]:>13.1f} / {found[n][path][1]:>6.1f}" for n in found)
        first, last = (found[n][path][0] for n in (given.customers[0], given.customers[-1]))
        print(f"{path:72}{cells}   {last / first:.1f} (goal {GOAL:.0f} or less)")


def use(url: str) -> None:
    """Point Django at this database, the first time by setting it up."""
    from django.apps import apps

    if not apps.ready:
        set_up_django(url)
        return
    from urllib.parse import urlsplit

    from django.core.management import call_command
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = urlsplit(url).path.lstrip("/")
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    main()
