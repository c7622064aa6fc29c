"""BG/NBD: Fader, Hardie & Lee, "Counting Your Customers" the Easy Way, Marketing Science 24 (2005).

The likelihood is their equation (6), P(alive) follows from it, expected purchases are their equation
(10). Who bought once is alive for certain here; what staff see comes from mbgnbd.py, and this model is
fitted beside it because its numbers are published.
"""

from functools import partial

from customer360.scores import lifetimes

VARIANT = lifetimes.Variant(name="BG/NBD", shift=0)

fit = partial(lifetimes.fit, VARIANT)
"""fit(data: Patterns) -> Fit; raises NotFittedError."""

log_likelihood = partial(lifetimes.log_likelihood, VARIANT)
"""log_likelihood(data, r=, alpha=, a=, b=) -> float."""

probability_alive = partial(lifetimes.probability_alive, VARIANT)
"""probability_alive(fit, x, t_x, big_t) -> array of 0 to 1."""

expected_purchases = partial(lifetimes.expected_purchases, VARIANT)
"""expected_purchases(fit, x, t_x, big_t, horizon=weeks) -> array of purchase days."""
