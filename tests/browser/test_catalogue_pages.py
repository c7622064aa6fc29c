"""The catalogue and the queue of products to match, in a real browser."""

from typing import Any

from playwright.sync_api import Page, expect

from reviews.models import Review
from reviews.services.catalogue import add_products
from reviews.services.moderation import look_again, reject_reviews
from tests.browser.driving import looks
from tests.reviews.making import make_review


def test_what_waits_is_matched_by_hand(staff: Page, live_server: Any) -> None:
    add_products(["iPhone 15", "iPhone 15 Pro", "iPhone 15 Pro Max", "Coffee for Two"])
    review = make_review(1, product_name="iphnoe 15", rating=2)
    make_review(2, product_name="IPHNOE  15")
    make_review(3, product_name="kopi untuk berdua, yang di cafe dekat stasiun itu")
    reject_reviews(reviews=[review.pk], because="Not about the product", user=None)
    look_again(reviews=[review.pk], because="The customer wrote again", user=None)

    staff.goto(f"{live_server.url}/admin/")
    staff.goto(f"{live_server.url}/admin/reviews/review/waiting/")
    expect(staff.locator("#result_list")).to_contain_text("kopi untuk berdua")
    looks(staff, "products-to-match")
    staff.goto(f"{live_server.url}/admin/reviews/review/{review.pk}/change/")
    expect(staff.locator("body")).to_contain_text("Not about the product")
    looks(staff, "review-with-cases")
    staff.get_by_role("link", name="Match", exact=True).click()
    expect(staff.locator("form.fs-card")).to_contain_text("iPhone 15 Pro")
    looks(staff, "match")
    staff.get_by_label("iPhone 15", exact=True).check()
    staff.get_by_label("These words mean this product from now on").check()
    staff.click("form.fs-card button[type=submit]")
    expect(staff.locator("body")).to_contain_text("2 reviews are about iPhone 15 now.")

    assert Review.objects.filter(product__name="iPhone 15").count() == 2
    staff.goto(f"{live_server.url}/admin/reviews/catalogueproduct/")
    expect(staff.locator("#result_list")).to_contain_text("iphnoe 15")
    looks(staff, "catalogue")
    staff.get_by_role("link", name="Match waiting reviews").click()
    looks(staff, "match-waiting")
    staff.click("form.fs-sure button")
    expect(staff.locator("body")).to_contain_text("0 reviews are matched now.")
