"""The catalogue: its products, what is found in it, and the reviews that staff match by hand.

The names are held in each process's memory, and read again when the catalogue's revision is another
than theirs: one small look a message that names a product, however many products there are.
"""

from collections.abc import Iterable
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from funnel_site.lib.batches import chunks
from funnel_site.lib.text import clean_text, normalise
from reviews.models import CatalogueProduct, CatalogueRevision, Review
from reviews.products import NOTHING_FOUND, Catalogue, Entry, Found, Offer
from reviews.services.recording import settle_latest

REVISION = 1
"""The key of the only row."""
AT_ONCE = 1_000
_held: tuple[UUID, Catalogue] | None = None


def current_catalogue() -> Catalogue | None:
    """The active products as they are now; None where there has never been any."""
    global _held
    token = CatalogueRevision.objects.filter(pk=REVISION).values_list("token", flat=True).first()
    if token is None:
        return None
    if _held is None or _held[0] != token:
        rows = CatalogueProduct.objects.filter(is_active=True).order_by("pk")
        entries = (
            Entry(offer=Offer(key, name), names=tuple(aliases.splitlines()))
            for key, name, aliases in rows.values_list("pk", "name", "aliases").iterator()
        )
        _held = (token, Catalogue(entries))
    return _held[1]


def find_product(text: str, catalogue: Catalogue | None) -> Found:
    """What the catalogue has for a customer's words."""
    if not catalogue:
        return NOTHING_FOUND
    return catalogue.find(text, at_least=settings.PRODUCT_MATCH_PERCENT)


def note_change() -> None:
    """Let everybody read the catalogue again, once the caller's transaction is committed."""
    CatalogueRevision.objects.update_or_create(pk=REVISION, defaults={"token": uuid4()})


@transaction.atomic
def save_product(product: CatalogueProduct) -> CatalogueProduct:
    """Keep a product. Raises ValidationError where its name is empty or another's."""
    product.full_clean()
    product.save()
    note_change()
    return product


@transaction.atomic
def add_products(names: Iterable[str], *, source: str = CatalogueProduct.Source.STAFF) -> int:
    """Add those that the catalogue does not have yet; returns how many. Nothing is removed."""
    before = CatalogueProduct.objects.count()
    for some in chunks(names, AT_ONCE):
        products = {}
        for name in some:
            shown = " ".join(clean_text(name)[0].split())[:200]
            if folded := normalise(shown):
                products[folded] = CatalogueProduct(name=shown, folded=folded, source=source)
        CatalogueProduct.objects.bulk_create(products.values(), ignore_conflicts=True)
    added = CatalogueProduct.objects.count() - before
    if added:
        note_change()
    return added


@transaction.atomic
def match_reviews(
    *, reviews: Iterable[int], product: CatalogueProduct, remember: bool = False
) -> int:
    """Say which product these reviews are about; returns how many reviews that is.

    What the customers typed stays as it is. With `remember` their words become names of the
    product, and all reviews that wait with the same words are matched too.
    """
    chosen = list(Review.objects.filter(pk__in=list(reviews)).order_by("pk"))
    if remember:
        words = _learn(product, chosen)
        taken = {review.pk for review in chosen}
        chosen += [
            review
            for review in Review.objects.filter(product=None, is_unlisted=False).iterator()
            if review.pk not in taken and normalise(review.product_name) in words
        ]
    _assign(chosen, product)
    return len(chosen)


def _learn(product: CatalogueProduct, reviews: Iterable[Review]) -> set[str]:
    """Make the reviews' words names of the product; returns them folded."""
    words = {normalise(one.product_name): one.product_name for one in reviews}
    known = {normalise(name) for name in (product.name, *product.aliases.splitlines())}
    new = [" ".join(text.split()) for folded, text in words.items() if folded not in known]
    if new:
        product.aliases = "\n".join([*product.aliases.splitlines(), *new])
        save_product(product)
    return set(words)


def _assign(reviews: list[Review], product: CatalogueProduct) -> None:
    Review.objects.filter(pk__in=[review.pk for review in reviews]).update(
        product=product, is_unlisted=False
    )
    settle_latest({review.customer_id for review in reviews if review.customer_id is not None})


@transaction.atomic
def leave_unlisted(*, reviews: Iterable[int]) -> int:
    """Take reviews out of the queue: their product is none of the catalogue. Returns how many."""
    waiting = Review.objects.filter(pk__in=list(reviews), is_unlisted=False)
    return waiting.update(is_unlisted=True, product=None)


@transaction.atomic
def match_waiting() -> int:
    """Match what waits and is called exactly like a product by now; returns how many reviews."""
    found: dict[int, list[Review]] = {}
    catalogue = current_catalogue()
    if not catalogue:
        return 0
    for review in Review.objects.filter(product=None, is_unlisted=False).iterator():
        exact = catalogue.called(review.product_name)
        if len(exact) == 1:
            found.setdefault(exact[0].key, []).append(review)
    for product in CatalogueProduct.objects.filter(pk__in=found):
        _assign(found[product.pk], product)
    return sum(map(len, found.values()))


def product_named(text: str) -> CatalogueProduct:
    """The active product that staff mean by its name. Raises ValidationError where it is none."""
    catalogue = current_catalogue()
    exact = catalogue.called(text) if catalogue else ()
    if len(exact) != 1:
        raise ValidationError("No product, or more than one, has this name.")
    return CatalogueProduct.objects.get(pk=exact[0].key)
