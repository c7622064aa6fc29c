"""MBG/NBD: Batislam, Denizel & Filiztekin, Int. J. of Research in Marketing 24 (2007).

As BG/NBD, but a customer may also leave right after the first purchase, so that who bought once is not
alive for certain. This is the model behind the churn risk that staff see.
"""

from functools import partial

from customer360.scores import lifetimes

VARIANT = lifetimes.Variant(name="MBG/NBD", shift=1)

fit = partial(lifetimes.fit, VARIANT)
"""fit(data: Patterns) -> Fit; raises NotFittedError."""

log_likelihood = partial(lifetimes.log_likelihood, VARIANT)
"""log_likelihood(data, r=, alpha=, a=, b=) -> float."""

probability_alive = partial(lifetimes.probability_alive, VARIANT)
"""probability_alive(fit, x, t_x, big_t) -> array of 0 to 1."""

expected_purchases = partial(lifetimes.expected_purchases, VARIANT)
"""expected_purchases(fit, x, t_x, big_t, horizon=weeks) -> array of purchase days."""
