"""What the exports announce."""

from django.dispatch import Signal

# One file in full is there: `job`. Sent inside the transaction that says so.
made_in_full = Signal()
