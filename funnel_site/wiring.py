"""What one app does when another one, beside it, has news: neither of them knows the other."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from customer360.models import Product
from customer360.signals import products_loaded
from funnels.models import Funnel
from funnels.signals import transactions_reached
from reviews.models import CatalogueProduct
from reviews.services.catalogue import add_products
from reviews.services.inviting import invite_buyers
from reviews.signals import purchases_asked


def connect() -> None:
    transactions_reached.connect(on_transactions_reached, dispatch_uid="invitations of buyers")
    purchases_asked.connect(on_purchases_asked, dispatch_uid="sales behind reviews")
    products_loaded.connect(on_products_loaded, dispatch_uid="products to review")


def on_purchases_asked(
    sender: Any, *, customers: set[int], **_: Any
) -> dict[int, list[tuple[datetime, str]]]:
    """The sales of these customers that their conversations tell of."""
    funnels = Funnel.objects.filter(customer__in=customers).exclude(transaction_date=None)
    sales: dict[int, list[tuple[datetime, str]]] = {}
    for key, customer, at in funnels.values_list("pk", "customer_id", "transaction_date"):
        if customer is not None and at is not None:
            url = reverse("admin:funnels_funnel_change", args=[key])
            sales.setdefault(customer, []).append((at, url))
    return sales


def on_products_loaded(sender: Any, *, products: Sequence[Product], **_: Any) -> None:
    """What is sold can be reviewed, where the site wants that."""
    if settings.REVIEW_CATALOGUE_FROM_SHOP:
        add_shop_products(products)


def add_shop_products(products: Sequence[Product]) -> int:
    """Put products of the customer platform into the reviews' catalogue; returns how many are new."""
    names = [product.product_name for product in products if product.product_name]
    return add_products(names, source=CatalogueProduct.Source.SHOP)


def on_transactions_reached(sender: Any, *, funnels: Sequence[Funnel], **_: Any) -> None:
    """Customers who bought are asked for a review, where a campaign does so."""
    invite_buyers(
        bought={
            funnel.customer_id: funnel.transaction_date
            for funnel in funnels
            if funnel.customer_id is not None and funnel.transaction_date is not None
        }
    )
