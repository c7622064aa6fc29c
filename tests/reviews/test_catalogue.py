"""The catalogue in the conversation: found, asked about, or left for staff to match."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from conversations.models import Line
from customer360.services.loading import load_rows
from customer360.source_rows import Defaults
from reviews.models import CatalogueProduct, Review, ReviewSession
from reviews.services.catalogue import (
    add_products,
    current_catalogue,
    find_product,
    leave_unlisted,
    match_reviews,
    match_waiting,
    save_product,
)
from tests.reviews.conftest import Post, Say
from tests.reviews.making import make_customer, make_review
from tests.twilio_posts import OURS, message_form, replies_in

NAME = "Okay, got it. What's your name?"
LIST = "/admin/reviews/review/"
CATALOGUE = "/admin/reviews/catalogueproduct/"


@pytest.fixture
def shop(db: None) -> list[CatalogueProduct]:
    add_products(["iPhone 15", "iPhone 15 Pro", "Coffee for Two"])
    return list(CatalogueProduct.objects.order_by("pk"))


@pytest.fixture
def lead(client: Client, db: None) -> Client:
    user = User.objects.create_user("lead", password="x", is_staff=True)
    wanted = ["view_review", "change_review", "export_review"]
    wanted += [f"{deed}_catalogueproduct" for deed in ("view", "add", "change", "export")]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client.force_login(user)
    return client


def test_an_empty_catalogue_changes_nothing(say: Say) -> None:
    told = [say(text) for text in ("Hi", "iphnoe 15", "John")]

    assert told == [
        "Hi! Which product is this review for?",
        NAME,
        "Please send your review for iphnoe 15.",
    ]


def test_the_bot_asks_and_keeps_what_was_typed(
    say: Say, post: Post, shop: list[CatalogueProduct]
) -> None:
    say("Hi")
    question = message_form("Cofee for  Two")
    answers = [replies_in(post(question).content) for _ in range(3)]

    assert answers == [["Did you mean Coffee for Two? Please answer YES or NO."]] * 3
    assert say("YES") == NAME
    assert say("John") == "Please send your review for Coffee for Two."
    assert say("Nice") == "Thanks John -- your review for Coffee for Two has been recorded."
    review = Review.objects.get()
    assert (review.product_name, review.product) == ("Cofee for  Two", shop[2])


def test_several_are_numbered_in_the_lines_language(say: Say, shop: list[CatalogueProduct]) -> None:
    Line.objects.create(
        address=OURS, name="Main", purpose="reviews", starts="always", language="id"
    )
    say("Halo")

    assert say("iphone 15 po") == (
        "Yang mana yang Anda maksud? Jawab dengan nomornya.\n1. iPhone 15 Pro\n2. iPhone 15\n"
        "0. Tidak ada di sini"
    )
    assert say("0") == "Oke, dicatat. Siapa nama Anda?"
    session = ReviewSession.objects.get()
    assert (session.product, session.product_name, session.offered) == (None, "iphone 15 po", [])


def test_a_changed_catalogue_holds_at_once(shop: list[CatalogueProduct]) -> None:
    assert find_product("ip15", current_catalogue()).exact == ()

    shop[0].aliases = "ip15\n IP15 \n\nip 15"
    save_product(shop[0])
    assert [one.key for one in find_product("ip15", current_catalogue()).exact] == [shop[0].pk]
    assert shop[0].aliases == "ip15\nIP15\nip 15"
    shop[0].is_active = False
    save_product(shop[0])

    assert find_product("ip15", current_catalogue()).exact == ()
    assert find_product("iphone 15", current_catalogue()).exact == ()


def test_two_products_cannot_have_one_name(shop: list[CatalogueProduct]) -> None:
    for name in ("IPHONE  15", " ", "\u200b"):
        with pytest.raises(ValidationError):
            save_product(CatalogueProduct(name=name))
    assert add_products(["iphone 15", "Tea", "TEA", ""]) == 1


def test_another_spelling_of_a_product_is_the_same_product(
    say: Say, shop: list[CatalogueProduct]
) -> None:
    for typed in ("iPhone 15", "iphone  15"):
        for text in ("Hi", typed, "John", "Good"):
            say(text)

    assert list(Review.objects.order_by("pk").values_list("is_latest", flat=True)) == [False, True]


def test_staff_match_what_waits_and_the_words_are_remembered(
    shop: list[CatalogueProduct], say: Say
) -> None:
    customer = make_customer()
    typed = ["hape baru", "Hape  Baru", "hape baru", "sepatu"]
    reviews = [
        make_review(number, product_name=name, customer=customer)
        for number, name in enumerate(typed, start=1)
    ]

    done = match_reviews(reviews=[reviews[0].pk], product=shop[0], remember=True)

    assert done == 3
    rows = Review.objects.order_by("pk").values_list("product", "product_name", "is_latest")
    first = shop[0].pk
    assert list(rows) == [
        (first, "hape baru", False),
        (first, "Hape  Baru", False),
        (first, "hape baru", True),
        (None, "sepatu", True),
    ]
    say("Hi")
    assert say("HAPE BARU") == NAME
    assert ReviewSession.objects.get().product == shop[0]


def test_what_came_before_the_catalogue_finds_its_product(db: None) -> None:
    make_review(1, product_name="iphone  15")
    make_review(2, product_name="unheard of")
    gone = make_review(3, product_name="iPhone 15")
    leave_unlisted(reviews=[gone.pk])
    add_products(["iPhone 15"])

    assert (match_waiting(), match_waiting()) == (1, 0)
    assert Review.objects.exclude(product=None).count() == 1


def test_the_queue_is_worked_in_the_admin(lead: Client, shop: list[CatalogueProduct]) -> None:
    one = make_review(1, product_name="iphnoe 15")
    other = make_review(2, product_name="<b>apple</b>")
    make_review(3, product_name="Samsung", product=shop[0])

    queue = lead.get(f"{LIST}waiting/", follow=True).content.decode()
    assert "iphnoe 15" in queue
    assert "Samsung" not in queue
    chosen = {"action": "match_to_product", "_selected_action": [one.pk]}
    page = lead.post(LIST, chosen).content.decode()
    assert "iPhone 15 Pro" in page
    nothing = lead.post(LIST, {**chosen, "match": "1"}).content.decode()
    assert "Choose a product, or name one." in nothing
    wrong = lead.post(LIST, {**chosen, "match": "1", "named": "no such"}).content.decode()
    assert "No product, or more than one, has this name." in wrong
    assert lead.post(LIST, {**chosen, "match": "1", "product": str(shop[0].pk)}).status_code == 302
    by_name = {"match": "1", "named": "coffee for two", "product": str(shop[0].pk)}
    page = lead.get(f"{LIST}{other.pk}/match/").content.decode()
    assert "&lt;b&gt;apple" in page
    assert lead.post(f"{LIST}{other.pk}/match/", by_name).status_code == 302

    rows = Review.objects.order_by("pk").values_list("product__name", flat=True)
    assert list(rows) == ["iPhone 15", "Coffee for Two", "iPhone 15"]
    shown = lead.get(f"{LIST}{one.pk}/change/").content.decode()
    assert "iphnoe 15" in shown
    assert "iPhone 15" in shown


def test_what_is_in_no_catalogue_leaves_the_queue(lead: Client) -> None:
    review = make_review(1, product_name="Samsung")

    lead.post(LIST, {"action": "not_in_catalogue", "_selected_action": [review.pk]})

    assert "Samsung" not in lead.get(LIST, {"catalogue": "waiting"}).content.decode()
    assert "Samsung" in lead.get(LIST, {"catalogue": "unlisted"}).content.decode()


def test_who_may_only_look_matches_nothing(client: Client, shop: list[CatalogueProduct]) -> None:
    review = make_review(1)
    user = User.objects.create_user("reader", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_review"))
    client.force_login(user)

    answer = client.post(f"{LIST}{review.pk}/match/", {"match": "1", "product": str(shop[0].pk)})

    assert answer.status_code == 403
    review.refresh_from_db()
    assert review.product is None


def csv_of(client: Client) -> str:
    """Which of the page's formats is CSV."""
    form = client.get(f"{CATALOGUE}import/").context["form"]
    return next(str(key) for key, name in form.fields["format"].choices if name == "csv")


def upload(client: Client, text: str) -> Any:
    """Try a file and confirm it; the answer of the trial."""
    file = SimpleUploadedFile("catalogue.csv", text.encode(), content_type="text/csv")
    trial = client.post(f"{CATALOGUE}import/", {"format": csv_of(client), "import_file": file})
    confirm = trial.context.get("confirm_form") if trial.context else None
    if confirm:
        client.post(f"{CATALOGUE}process_import/", confirm.initial)
    return trial


def test_a_file_adds_and_changes_and_a_second_time_nothing(
    lead: Client, shop: list[CatalogueProduct]
) -> None:
    text = "product,aliases,is_active\niphone 15,ip15,\nTea,teh,1\nCoffee for Two,,0\n"

    for _ in range(2):
        upload(lead, text)

    rows = CatalogueProduct.objects.order_by("name").values_list("name", "aliases", "is_active")
    assert set(rows) == {
        ("Coffee for Two", "", False),
        ("Tea", "teh", True),
        ("iPhone 15 Pro", "", True),
        ("iphone 15", "ip15", True),
    }
    assert [one.name for one in find_product("teh", current_catalogue()).exact] == ["Tea"]


def test_a_bad_row_is_named_and_the_export_runs_no_formula(lead: Client, db: None) -> None:
    trial = upload(lead, "product,aliases\n ,x\n").content.decode()
    assert "Give it a name." in trial
    add_products(["=1+1"])

    answer = lead.post(f"{CATALOGUE}export/", {"format": csv_of(lead), **ALL_COLUMNS})

    assert "'=1+1" in answer.getvalue().decode()


ALL_COLUMNS = {
    f"catalogueproductresource_{name}": "on"
    for name in ("product", "aliases", "is_active", "source")
}


def test_the_page_of_a_product_keeps_its_rules(lead: Client, shop: list[CatalogueProduct]) -> None:
    address = f"{CATALOGUE}add/"

    again = lead.post(address, {"name": "IPHONE 15", "aliases": "", "is_active": "on"})
    new = lead.post(address, {"name": "Tea", "aliases": "teh\nTEH", "is_active": "on"})

    assert "There is a product of this name already." in again.content.decode()
    assert new.status_code == 302
    assert [one.name for one in find_product("TEH", current_catalogue()).exact] == ["Tea"]
    assert "Tea" in lead.get(CATALOGUE, {"q": "teh"}).content.decode()
    assert lead.post(f"{CATALOGUE}{shop[0].pk}/delete/").status_code == 403


@pytest.mark.parametrize("is_wanted", [True, False])
def test_the_shops_products_join_where_the_site_wants_it(
    db: None, settings: Any, is_wanted: bool
) -> None:
    settings.REVIEW_CATALOGUE_FROM_SHOP = is_wanted
    row = {"product_id": "P1", "product_name": "Hair Spa", "category": "", "brand": ""}
    row |= {"price": "", "launch_date": ""}

    for _ in range(2):
        load_rows(
            table="product_catalog",
            rows=[row],
            name="products",
            defaults=Defaults(region="ID", currency="IDR"),
        )

    found = CatalogueProduct.objects.values_list("name", "source")
    assert list(found) == ([("Hair Spa", "shop")] if is_wanted else [])
    out = StringIO()
    call_command("feed_catalogue", stdout=out)
    assert out.getvalue() == f"Added {0 if is_wanted else 1} of 1 products\n"
    assert list(found.all()) == [("Hair Spa", "shop")]
