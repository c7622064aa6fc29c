"""`manage.py feed_catalogue`: products of the customer platform into the catalogue of reviews."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from customer360.models import Product
from funnel_site.lib.batches import chunks
from funnel_site.wiring import add_shop_products

AT_ONCE = 5_000


class Command(BaseCommand):
    help = (
        "Add the customer platform's products to the catalogue that reviews are matched with. Those "
        "that it has already stay as they are. With REVIEW_CATALOGUE_FROM_SHOP=true later ones join "
        "by themselves as they are loaded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py feed_catalogue"

    def handle(self, *args: Any, **options: Any) -> None:
        products = Product.objects.exclude(product_name="").order_by("pk")
        added = sum(add_shop_products(some) for some in chunks(products.iterator(), AT_ONCE))
        self.stdout.write(f"Added {added} of {products.count()} products")
