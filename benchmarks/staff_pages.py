"""The agents' pages with few and with many customers: the queue, a customer's page, the search.

DATABASE_URL=postgres://… python -m benchmarks.staff_pages [--customers 2000 200000] [--messages 5]

For each number of customers: milliseconds (the shortest of five) and statements of each page, beside
an empty admin page. Fails where statements differ, or the time grows beyond the goal.
"""

import argparse
import sys
import time
from typing import Any

import psycopg

from benchmarks.databases import fresh_database, set_up_django

FILL = """
INSERT INTO conversations_customer (name, email, phone_number, first_seen_at, last_seen_at)
SELECT (ARRAY['Ana','Budi','Citra','Dewi','Eko','Fitri','Gita','Hadi'])[1 + n % 8] || ' '
    || initcap(substr(md5(n::text), 1, 7)), 'p' || n || '@example.com',
  '+628' || lpad((n::bigint * 7919 % 10000000000)::text, 10, '0'), now() - interval '90 days',
  now() - n * interval '1 second'
FROM generate_series(1, {customers}) n;
INSERT INTO conversations_customeridentity (customer_id, kind, value, first_seen_at)
SELECT id, 'phone', phone_number, first_seen_at FROM conversations_customer;
INSERT INTO conversations_room (source, external_id, customer_id, channel, status, started_at,
  last_message_at, is_declared, owner_key, waiting_since)
SELECT 'crm', 'room-' || id, id, 'whatsapp', CASE id % 10 WHEN 0 THEN 'open' ELSE 'closed' END,
  last_seen_at, last_seen_at, false, '', CASE id % 20 WHEN 0 THEN last_seen_at END
FROM conversations_customer;
INSERT INTO conversations_message (room_id, customer_id, source, external_id, sender, body, media,
  stated, details, sent_at, received_at, status, status_rank, error_code, error_text,
  is_identified, flags)
SELECT r.id, r.customer_id, 'crm', 'm' || r.id || '-' || n, 'customer',
  'Halo kak, mau tanya jadwal kelas nomor ' || n, '[]', '{{}}', '{{}}',
  r.last_message_at - n * interval '1 minute', now(), '', 0, '', '', true, ''
FROM conversations_room r, generate_series(0, {messages} - 1) n;
ANALYZE;
"""
GROWTH = 1.5
FLOOR_MS = 25.0
SEARCH_MS = 500.0
"""A page may not grow; a search, of which more is found among more, has this long."""
BASE = "/admin/customer360/customerprofile"


def best(client: Any, path: str, times: int = 5) -> tuple[float, int]:
    """The shortest of some runs in milliseconds, and the statements of one."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(path, SERVER_NAME="localhost")
    with CaptureQueriesContext(connection) as taken:
        client.get(path, SERVER_NAME="localhost")
    # Counted at once: the next request forgets them.
    statements = len(taken)
    shortest = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        answer = client.get(path, SERVER_NAME="localhost")
        shortest = min(shortest, time.perf_counter() - started)
        assert answer.status_code == 200, (path, answer.status_code)
    return shortest * 1_000, statements


def pages(customers: int) -> dict[str, str]:
    """What is measured, with a customer in the middle of all."""
    from conversations.models import Customer

    customer = Customer.objects.order_by("pk")[customers // 2]
    number, name = customer.phone_number, customer.name.split()[1]
    return {
        "empty page (password change)": "/admin/password_change/",
        "queue": f"{BASE}/queue/",
        "queue, mine": f"{BASE}/queue/?view=mine",
        "customer page": f"{BASE}/customer/{customer.pk}/",
        "search: whole number": f"{BASE}/search/?q=0{number[3:]}",
        "search: last six digits": f"{BASE}/search/?q={number[-6:]}",
        "search: last four digits": f"{BASE}/search/?q={number[-4:]}",
        "search: rare part of a name": f"{BASE}/search/?q={name[1:6]}",
        "search: frequent name": f"{BASE}/search/?q=citra",
        "search: a name that nobody has": f"{BASE}/search/?q=zulkifli",
        "search: e-mail": f"{BASE}/search/?q={customer.email}",
        "search: room id": f"{BASE}/search/?q=room-{customer.pk}",
    }


def measure(customers: int, messages: int) -> dict[str, tuple[float, int]]:
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client

    statements = FILL.format(customers=customers, messages=messages)
    with psycopg.connect(connection.settings_dict["_url"], autocommit=True) as own:
        own.execute("TRUNCATE conversations_customer CASCADE")
        started = time.perf_counter()
        own.execute(statements)
        print(f"{customers:,} customers, {customers * messages:,} messages", end="")
        print(f" (filled in {time.perf_counter() - started:.0f} s)", flush=True)
    user = User.objects.filter(username="bench").first() or User.objects.create_superuser("bench")
    client = Client()
    client.force_login(user)
    return {name: best(client, path) for name, path in pages(customers).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, nargs=2, default=[2_000, 200_000])
    parser.add_argument("--messages", type=int, default=5, help="of each customer")
    given = parser.parse_args()
    failed = []
    with fresh_database() as url:
        set_up_django(url)
        from django.db import connection

        connection.settings_dict["_url"] = url
        few, many = (measure(customers, given.messages) for customers in given.customers)
        connection.close()
    print(f"{'page':34}{'few ms':>9}{'many ms':>9}{'growth':>8}{'statements':>12}")
    for name, (quick, statements) in few.items():
        slow, later = many[name]
        print(f"{name:34}{quick:9.1f}{slow:9.1f}{slow / quick:8.2f}{statements:7} → {later}")
        has_grown = slow > GROWTH * quick and slow > quick + FLOOR_MS
        is_late = slow > SEARCH_MS if name.startswith("search") else has_grown
        if statements != later or is_late:
            failed.append(name)
    if failed:
        sys.exit(f"Grown beyond the goal: {', '.join(failed)}")


if __name__ == "__main__":
    main()
