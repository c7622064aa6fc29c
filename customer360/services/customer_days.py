"""The customers and buyers by their first day, counted afresh from the profiles."""

from django.db import connection

from customer360.models import CustomerDay, CustomerProfile

COUNT = """
INSERT INTO {days} (day, new_customers, new_buyers)
SELECT day, SUM(customers), SUM(buyers)
FROM (
    SELECT customer_since AS day, COUNT(*) AS customers, 0 AS buyers
    FROM {profiles} GROUP BY customer_since
    UNION ALL
    SELECT first_purchase_date, 0, COUNT(*)
    FROM {profiles} WHERE first_purchase_date IS NOT NULL GROUP BY first_purchase_date
) AS counted
GROUP BY day
"""


def rebuild_customer_days() -> None:
    """Two statements, whatever changed; call it in the transaction that changed the profiles."""
    quote = connection.ops.quote_name
    statement = COUNT.format(
        days=quote(CustomerDay._meta.db_table), profiles=quote(CustomerProfile._meta.db_table)
    )
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {quote(CustomerDay._meta.db_table)}")  # noqa: S608 - our own name
        cursor.execute(statement)
