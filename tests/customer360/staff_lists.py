"""What tests of staff pages about profiles share: lists read as staff read them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.test import Client

DASHBOARD = "/admin/customer360/customerprofile/dashboard/"


def context(response: Any) -> dict[str, Any]:
    """What the page was drawn from."""
    assert response.status_code in (200, 400), response.status_code
    data: dict[str, Any] = response.context_data
    return data


class Lists:
    """What the lists behind figures say: how many rows, and what they add up to."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def read(self, address: str) -> Any:
        response = self.client.get(address)
        assert response.status_code == 200, address
        return context(response)

    def count(self, address: str) -> int:
        return int(self.read(address)["cl"].result_count)

    def totals(self, address: str) -> Any:
        """The shown totals, held against the very rows, page by page."""
        shown = self.read(address)
        rows = list(self.all_rows(address))
        assert shown["rows"].count == len(rows)
        assert shown["rows"].total == sum(
            (Decimal(row["amount"] if "amount" in row else row["score"]) for row in rows),
            Decimal(0),
        )
        return shown["rows"]

    def all_rows(self, address: str) -> Iterator[dict[str, Any]]:
        while True:
            shown = self.read(address)
            yield from shown["rows"].page
            if "next" not in shown["links"]:
                return
            address = address.partition("?")[0] + shown["links"]["next"]
