"""The scores of a customer, each a pure function of plain numbers with its source.

What the build calls, on whole columns at once (NumPy arrays, one place a customer):

    cuts = rfm.cut_points(values)                    # or rfm.cut_points(values, counts)
    scores = rfm.scores(values, cuts)                # 1 to 5, 5 is best
    names = segments.segment_names(r, f, m)          # segments.SEGMENT_RULES for a CASE in SQL
    data = lifetimes.grouped(x, t_x, T)              # one row a distinct pattern
    if lifetimes.can_be_fitted(x):                   # else churn.rule_bands(...)
        fit = mbgnbd.fit(data)                       # bgnbd.fit(data) beside it
        alive = mbgnbd.probability_alive(fit, x, t_x, T)
        orders = mbgnbd.expected_purchases(fit, x, t_x, T, horizon=90 * DAY)
        spend = gamma_gamma.fit(x, mean_value)
        value = gamma_gamma.lifetime_value(mbgnbd, fit, spend, ...)
    words = churn.reason(orders=3, days_since_last=40, usual_gap_days=12)

x counts the purchase days after the first one, t_x is the time from the first to the last of them, T
the time from the first to `as_of`: both in weeks. Nothing here knows the database or the clock.
"""

DAY = 1 / 7
"""A day, in the unit of t_x, T and horizons: weeks."""
