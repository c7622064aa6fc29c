"""What funnels announces, a batch at a time, inside the transaction that stored it."""

from django.dispatch import Signal

transactions_reached = Signal()
"""Sent with `funnels: list[Funnel]`: those that had no transaction before and have one now."""
