"""Reviews in files: exported for a spreadsheet, imported once."""

import csv
import io
from typing import Any

import tablib
from django.contrib.auth.models import Permission, User
from django.test import Client

from conversations.models import Customer
from reviews.models import Review
from reviews.resources import ReviewResource
from tests.reviews.making import START, make_review

LIST = "/admin/reviews/review/"


def test_an_export_runs_no_formula(db: None) -> None:
    make_review(product_review='=HYPERLINK("http://evil")', user_name="+cmd|' /C calc'!A0")

    rows = list(csv.DictReader(io.StringIO(ReviewResource().export().csv)))

    assert rows[0]["product_review"] == '\'=HYPERLINK("http://evil")'
    assert rows[0]["user_name"].startswith("'+cmd")
    assert list(rows[0])[:7] == [
        "id",
        "contact_number",
        "user_name",
        "product_name",
        "product_review",
        "status",
        "created_at",
    ]
    assert rows[0]["created_at"] == "2025-04-01T11:00:00+07:00"


IMPORTED = [
    {
        "contact_number": "0812-0000-0001",
        "user_name": "Ana",
        "product_name": "Yoga",
        "product_review": "'=1+1 is what I think",
        "created_at": "2025-04-01T10:00:00+07:00",
        "rating": "5",
        "moderation": "published",
        "status": "read",
    },
    {
        "contact_number": "QWERTY",
        "user_name": "Ana",
        "product_name": "Yoga",
        "product_review": "fine",
        "created_at": "",
        "rating": "",
        "moderation": "",
        "status": "",
    },
    {
        "contact_number": "+6281200000002",
        "user_name": "Budi",
        "product_name": "Yoga",
        "product_review": "fine",
        "created_at": "2025-04-01T10:00:00+07:00",
        "rating": "6",
        "moderation": "",
        "status": "",
    },
]


def imported(*rows: dict[str, str]) -> Any:
    data = tablib.Dataset(headers=list(rows[0]))
    for row in rows:
        data.append(list(row.values()))
    return ReviewResource().import_data(data, raise_errors=False, collect_failed_rows=True)


def test_an_import_adds_reviews_once_and_cannot_decide_for_staff(db: None) -> None:
    for _ in range(2):
        result = imported(IMPORTED[0])
        assert not result.has_errors()
        assert not result.has_validation_errors()

    review = Review.objects.get()
    assert review.product_review == "=1+1 is what I think"
    assert (review.moderation, review.status, review.rating) == ("pending", "pending", 5)
    assert review.contact_number == "+6281200000001"
    assert review.customer is not None
    assert review.customer.phone_number == "+6281200000001"
    assert review.created_at == START


def test_a_bad_row_is_named_and_adds_nothing(db: None) -> None:
    result = imported(*IMPORTED[1:])

    assert [row.number for row in result.invalid_rows] == [1, 2]
    assert not Review.objects.exists()
    assert not Customer.objects.exists()


def test_an_import_changes_no_review(db: None) -> None:
    review = make_review(
        1, contact_number="+6281200000001", product_name="Yoga", product_review="fine"
    )

    imported({**IMPORTED[0], "product_review": "fine", "user_name": "Somebody else"})

    review.refresh_from_db()
    assert review.user_name == "Person 1"
    assert Review.objects.count() == 1


def test_the_export_and_import_pages_are_there(client: Client, admin_client: Client) -> None:
    make_review()

    assert admin_client.get(f"{LIST}export/").status_code == 200
    assert admin_client.get(f"{LIST}import/").status_code == 200
    user = User.objects.create_user("reader", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_review"))
    client.force_login(user)
    assert client.get(f"{LIST}import/").status_code == 403
