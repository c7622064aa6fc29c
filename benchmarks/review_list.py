"""The list of reviews at a hundred thousand: the first page, a deep one, a search, and the whole.

DATABASE_URL=postgres://… python -m benchmarks.review_list [--rows 100000]
"""

import argparse
import time
from typing import Any

import psycopg

from benchmarks.databases import fresh_database, set_up_django

FILL = """
INSERT INTO conversations_customer (name, email, phone_number, first_seen_at, last_seen_at)
VALUES ('Ana', '', '+6281200000001', now(), now());
INSERT INTO reviews_review (customer_id, contact_number, user_name, product_name, product_review,
  message_sid, status, created_at, is_latest, moderation, hidden_because, answer)
SELECT (SELECT max(id) FROM conversations_customer), '+6281200000001', 'Person ' || n,
  'Product ' || n % 50, repeat('A good one, I would buy it again any time. ', 3), '', 'delivered',
  now() - n * interval '7 seconds', true, 'pending', '', '' FROM generate_series(1, {rows}) n;
"""
GOAL = 0.2
"""Seconds of a page, however deep it lies."""


def best(ask: Any, path: str, times: int = 5) -> tuple[float, bytes]:
    """The shortest of some runs, in seconds, and the answer."""
    shortest, body = float("inf"), b""
    for _ in range(times):
        started = time.perf_counter()
        answer = ask(path)
        body = answer.getvalue() if answer.streaming else answer.content
        shortest = min(shortest, time.perf_counter() - started)
        assert answer.status_code == 200, body
    return shortest, body


def deep_cursor(ask: Any, pages: int) -> str:
    """The cursor after some pages of a thousand."""
    cursor = ""
    for _ in range(pages):
        path = "/api/reviews?page_size=1000" + (f"&cursor={cursor}" if cursor else "")
        cursor = ask(path).json()["next"]
    return cursor


def measure(rows: int) -> None:
    from django.test import Client

    from funnel_site.access.services import create_api_key

    headers = {"Authorization": f"Api-Key {create_api_key(name='bench', scopes=['reviews'])[1]}"}
    client = Client()

    def ask(path: str) -> Any:
        return client.get(path, headers=headers, SERVER_NAME="localhost")

    first, _ = best(ask, "/api/reviews?page_size=100")
    cursor = deep_cursor(ask, rows * 95 // 100_000)
    deep, _ = best(ask, f"/api/reviews?page_size=100&cursor={cursor}")
    search, _ = best(ask, "/api/reviews?page_size=100&q=nothing%20of%20the%20kind", 3)
    whole, body = best(ask, "/api/reviews", 1)
    print(f"first page:    {first * 1000:7.1f} ms (goal below {GOAL * 1000:.0f})")
    print(f"page at 95 %:  {deep * 1000:7.1f} ms (goal below {GOAL * 1000:.0f})")
    print(f"search, 0 hits:{search * 1000:7.1f} ms")
    print(f"whole list:    {whole:7.1f} s  {rows / whole:,.0f} rows/s  {len(body) / 1e6:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    given = parser.parse_args()
    with fresh_database() as url:
        set_up_django(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(FILL.format(rows=given.rows))
            connection.execute("VACUUM ANALYZE")
        measure(given.rows)
        from django.db import connections

        connections.close_all()


if __name__ == "__main__":
    main()
