"""The demo day's partner files: what couriers would have sent about the demo customers' cards."""

import csv
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from io import StringIO

FAILURES = ("User not available", "User declined to accept package", "Address not found")


def demo_partner_files(day: date, phones: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of one file of each known partner, in their own layouts.

    One card for each of the E.164 numbers. Each card goes some of its way in the week before `day`;
    two rows are damaged as real files are, so that the rejected rows have something to show.
    """
    rows: dict[str, list[list[str]]] = {
        "Pickup": [],
        "Exceptions": [],
        "Delivered": [],
        "Returned": [],
    }
    for number, phone in enumerate(phones, start=1):
        card, consignment = f"ZYD{number:04}", f"D{100 + number}"
        digits = phone.removeprefix("+")
        picked_up = datetime.combine(
            day - timedelta(days=2 + number % 5), time(8 + number % 9, number * 7 % 60)
        )
        rows["Pickup"].append([str(300 + number), card, digits, f"{picked_up:%d-%m-%Y %I:%M %p}"])
        delivered = picked_up + timedelta(hours=21)
        if number % 3 == 0:
            comment = FAILURES[number // 3 % len(FAILURES)]
            failed = picked_up + timedelta(hours=6)
            rows["Exceptions"].append(
                [consignment, card, f'"{digits}"', f"{failed:%d-%m-%Y %H:%M}", comment]
            )
        if number % 7 == 0:
            back = delivered + timedelta(hours=3)
            rows["Returned"].append([consignment, card, digits, f"{back:%d-%m-%Y %I:%M%p}"])
        elif number % 4:
            rows["Delivered"].append(
                [consignment, card, f'"{digits}"', f"{delivered:%Y-%m-%dT%H:%M:%SZ}", "DELIVERED"]
            )
    rows["Pickup"].append(["399", "ZYD0001", "6.28123E+11", f"{day:%d-%m-%Y} 9:00 AM"])
    rows["Exceptions"].append(
        ["D999", "ZYD0002", '"628123456789"', "31-02-2026 10:00", FAILURES[0]]
    )
    yield f"Pickup {day}.csv", _csv(["ID", "Card ID", "User Mobile", "Timestamp"], rows["Pickup"])
    header = ["ID ", "Card ID", "User contact", "Timestamp", "Comment"]
    yield f"Delivery exceptions {day}.csv", _csv(header, rows["Exceptions"])
    yield f"Delivered {day}.csv", _csv(header, rows["Delivered"])
    yield f"Returned {day}.csv", _csv(header[:-1], rows["Returned"])


def _csv(header: list[str], rows: list[list[str]]) -> bytes:
    out = StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()
