"""What customer360 announces, a batch at a time, inside the transaction that stored it."""

from django.dispatch import Signal

products_loaded = Signal()
"""Sent with `products: list[Product]`: those of a catalogue file that are new or changed."""
