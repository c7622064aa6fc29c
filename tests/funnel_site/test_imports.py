"""Imports of the lists: what a preview shows, what a bad file changes, what is too large."""

import csv
import io
import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from conversations.models import Customer
from customer360.models import Product
from funnel_site.imports.services import sweep
from funnels.models import Keyword
from tests.reviews.making import make_customer

pytestmark = pytest.mark.django_db
KEYWORDS = "/admin/funnels/keyword/import/"
CUSTOMERS = "/admin/conversations/customer/import/"
XLSX, CSV = "0", "1"
HEAD = "stage,phrase,channel,mode,is_active\n"


@pytest.fixture
def chief(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("chief"))
    return client


def hand_in(client: Client, address: str, content: str | bytes, kind: str = CSV) -> Any:
    body = content.encode() if isinstance(content, str) else content
    return client.post(
        address, {"import_file": SimpleUploadedFile("a.csv", body), "format": kind, "resource": "0"}
    )


def test_a_preview_is_bounded_and_counts_all_rows(chief: Client) -> None:
    Keyword.objects.bulk_create(
        Keyword(stage="opening", phrase=f"old {n}", channel="ads") for n in range(60)
    )
    lines = [f"opening,old {n},{'ads' if n < 50 else 'email'},phrase,1\n" for n in range(60)]
    lines += [f"opening,<b>new {n}</b>,=ads,phrase,1\n" for n in range(140)]
    page = hand_in(chief, KEYWORDS, HEAD + "".join(lines))
    totals = page.context["result"].totals
    assert [totals[name] for name in ("new", "update", "skip")] == [140, 10, 50]
    shown = page.content.decode()
    assert shown.count("<tr>") == 1 + 100
    assert "<del>ads</del> <ins>email</ins>" in shown
    assert "&lt;b&gt;new 0&lt;/b&gt;" in shown
    assert "The first 100 of 200 rows" in shown
    assert Keyword.objects.filter(channel="ads").count() == Keyword.objects.count() == 60
    chief.post(KEYWORDS.replace("import/", "process_import/"), page.context["confirm_form"].initial)
    assert Keyword.objects.filter(phrase__startswith="<b>new").count() == 140
    assert Keyword.objects.filter(channel="email").count() == 10


def test_a_preview_that_nobody_confirms_is_removed_in_time(
    chief: Client, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    content = HEAD + "opening,promo,ads,phrase,1\n"
    confirmed = hand_in(chief, KEYWORDS, content).context["confirm_form"].initial
    chief.post(KEYWORDS.replace("import/", "process_import/"), confirmed)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    hand_in(chief, KEYWORDS, content)
    (kept,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    sweep()
    assert kept.exists()
    long_ago = time.time() - (settings.IMPORT_KEEP_HOURS + 1) * 3_600
    os.utime(kept, (long_ago, long_ago))
    sweep()
    assert not kept.exists()


def test_every_bad_row_is_counted_and_named_and_nothing_goes_in(chief: Client) -> None:
    lines = ["opening,good,ads,phrase,1\n"] + ["nowhere,x,ads,phrase,1\n"] * 130
    page = hand_in(chief, KEYWORDS, HEAD + "".join(lines))
    shown = page.content.decode()
    assert page.context["result"].wrong == 130
    assert shown.count("One of opening, booking, transaction.") == 100
    assert "The first 100 of 130 rows with errors" in shown
    assert "<td>2</td><td><code>stage</code></td>" in shown
    assert "confirm_form" not in page.context
    assert not Keyword.objects.exists()


def test_a_row_that_went_bad_after_the_preview_keeps_the_others_out(
    chief: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = hand_in(chief, KEYWORDS, HEAD + "opening,one,ads,phrase,1\nbooking,two,ads,phrase,1\n")
    monkeypatch.setattr("funnels.resources.PHRASE_LENGTH", 2)
    monkeypatch.setattr("funnels.resources.CHANNEL_LENGTH", 3)
    from funnels.resources import KeywordResource

    real = KeywordResource.before_import_row

    def refuse_the_second(self: Any, row: dict[str, Any], **kwargs: Any) -> None:
        monkeypatch.setattr("funnels.resources.PHRASE_LENGTH", 2 if kwargs["row_number"] > 1 else 9)
        real(self, row, **kwargs)

    monkeypatch.setattr(KeywordResource, "before_import_row", refuse_the_second)
    done = chief.post(
        KEYWORDS.replace("import/", "process_import/"), page.context["confirm_form"].initial
    )
    assert "Nothing was changed" in done.content.decode()
    assert [row.number for row in done.context["result"].invalid_rows] == [2]
    assert not Keyword.objects.exists()


def test_a_file_that_is_too_large_is_refused_at_once_with_the_way_out(
    chief: Client, settings: Any
) -> None:
    settings.IMPORT_BACKGROUND_ROWS = 50_000
    page = hand_in(
        chief,
        "/admin/customer360/product/import/",
        "product_id,product_name,category,brand,price,launch_date\n"
        + "901,Tea,Drinks,Leaf,10,\n" * 60_000,
    )
    shown = page.content.decode()
    assert "The file has about 60,001 rows; 50,000 are taken at once." in shown
    assert "load_cdp" in shown
    assert not Product.objects.exists()
    settings.IMPORT_BACKGROUND_ROWS = 3
    book = Workbook()
    for number in range(5):
        book.active.append([number])
    made = io.BytesIO()
    book.save(made)
    assert "rows; 3 are taken" in hand_in(chief, KEYWORDS, made.getvalue(), XLSX).content.decode()
    broken = hand_in(chief, KEYWORDS, b"PK\x03\x04 no workbook", XLSX)
    assert "trying to read file" in broken.content.decode()


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        ("conversations/customer", ["phone_number", "name", "email"]),
        ("funnels/keyword", ["stage", "phrase", "channel", "mode", "is_active"]),
        ("conversations/message", ["message_id", "room_id"]),
        ("reviews/review", ["contact_number", "user_name"]),
        ("customer360/purchase", ["transaction_id", "customer_id"]),
    ],
)
def test_a_template_has_the_columns_to_fill_in(
    chief: Client, model: str, columns: list[str]
) -> None:
    answer = chief.get(f"/admin/{model}/import/template/")
    [header] = csv.reader(io.StringIO(answer.content.decode()))
    assert header[: len(columns)] == columns


def test_a_template_filled_in_goes_in(chief: Client) -> None:
    make_customer(1, name="Ana")
    template = chief.get(f"{CUSTOMERS}template/").content.decode()
    page = hand_in(chief, CUSTOMERS, template + "0812 0000 0001,Ana Putri,\n081200000002,'=Budi,\n")
    totals = page.context["result"].totals
    assert (totals["new"], totals["update"]) == (1, 1), page.content.decode()[-3000:]
    chief.post(
        CUSTOMERS.replace("import/", "process_import/"), page.context["confirm_form"].initial
    )
    assert sorted(Customer.objects.values_list("name", flat=True)) == ["=Budi", "Ana Putri"]
