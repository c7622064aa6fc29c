"""What reviews asks of whoever knows."""

from django.dispatch import Signal

purchases_asked = Signal()
"""Sent with `customers: set[int]`. Who knows of sales answers with a dict of the customers who
bought something: their key, to a list of (time, address of the sale's page), in any order."""
