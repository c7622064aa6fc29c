"""Customers in conversation with the review bot at once, over loopback, every review recorded once.

    DATABASE_URL=postgres://… python -m benchmarks.review_bot [--customers 1000] [--connections 16]

All customers say their first line, then all their second, and so on, so that every dialogue is open
at the same time. Each message is a form of its own with a real signature, and each is answered in
TwiML. The same forms are then posted to an empty view of the same server.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection

import psycopg

from benchmarks.databases import fresh_database, set_up_django
from benchmarks.webhook_door import server
from tests.twilio_posts import (
    ACCOUNT,
    TOKEN,
    encode,
    message_form,
    pairs_of,
    replies_in,
    signature,
)

PORT = 8876
BASE = "http://localhost:8000"
DOOR = "/webhooks/twilio/inbound"
EMPTY = "/benchmark/empty-form"
Signed = tuple[bytes, dict[str, str]]


@dataclass
class Times:
    """How long each answer took, in milliseconds, and how many answers came in a second."""

    answers: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def line(self, name: str) -> str:
        cuts = statistics.quantiles(self.answers, n=100)
        rate = len(self.answers) / self.seconds
        return (
            f"{name:28} {rate:7,.0f} messages/s   p50 {cuts[49]:6.1f} ms   p95 {cuts[94]:6.1f} ms"
            f"   p99 {cuts[98]:6.1f} ms"
        )


def lines_of(number: int) -> tuple[str, ...]:
    return ("Hi", f"Product {number}", f"Customer {number}", f"Review number {number}: very good!")


def signed_form(number: int, text: str) -> Signed:
    form = message_form(text, From=f"whatsapp:+62812{number:08}", ProfileName=f"Customer {number}")
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signature(f"{BASE}{DOOR}", pairs_of(form)),
    }
    return encode(form), headers


def post_all(path: str, forms: Sequence[Signed], connections: int, times: Times) -> list[bytes]:
    """Post the forms over so many connections; the answers in their order."""
    answers: list[bytes] = [b""] * len(forms)

    def work(first: int) -> list[float]:
        connection = HTTPConnection("127.0.0.1", PORT, timeout=60)
        took = []
        for place in range(first, len(forms), connections):
            body, headers = forms[place]
            began = time.perf_counter()
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answers[place] = response.read()
            took.append((time.perf_counter() - began) * 1_000)
            if response.status not in (200, 202):
                sys.exit(f"{path} answered {response.status}: {answers[place][:200]!r}")
        connection.close()
        return took

    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        for took in pool.map(work, range(connections)):
            times.answers += took
    times.seconds += time.perf_counter() - began
    return answers


def check(url: str, customers: int, last: Sequence[bytes]) -> None:
    """Every review once, with its own three answers, and its customer thanked for it."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT contact_number, product_name, user_name, product_review FROM reviews_review"
        ).fetchall()
    wanted = {(f"+62812{number:08}", *lines_of(number)[1:]) for number in range(customers)}
    assert len(rows) == customers, f"{len(rows)} reviews of {customers} customers"
    assert set(rows) == wanted, "a review holds the answers of another"
    for number, answer in enumerate(last):
        thanks = f"Thanks Customer {number} -- your review for Product {number} has been recorded."
        assert replies_in(answer) == [thanks]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000)
    parser.add_argument("--connections", type=int, default=16)
    given = parser.parse_args()
    os.environ |= {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    bot, empty = Times(), Times()
    with fresh_database() as url:
        set_up_django(url)
        turns = [
            [signed_form(number, lines_of(number)[turn]) for number in range(given.customers)]
            for turn in range(4)
        ]
        strangers = [signed_form(99_000_000 + number, "Hi") for number in range(50)]
        with server(url, port=PORT):
            post_all(EMPTY, strangers, given.connections, Times())
            for turn in turns:
                post_all(EMPTY, turn, given.connections, empty)
            for turn in turns:
                last = post_all(DOOR, turn, given.connections, bot)
        check(url, given.customers, last)
    print(empty.line("an empty view"))
    print(bot.line("the review bot"))
    print(f"{given.customers:,} reviews recorded, each once, of {4 * given.customers:,} messages")


if __name__ == "__main__":
    main()
