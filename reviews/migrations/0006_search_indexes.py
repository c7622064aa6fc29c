"""The list of reviews finds words, products, names and numbers by an index."""

from django.db import migrations

from funnel_site.lib.indexes import search_indexes


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("reviews", "0005_rare_choices"),
        # Where the trigrams come from.
        ("conversations", "0009_waiting_rooms_and_search_indexes"),
    ]
    operations = [
        search_indexes(
            [
                ("review_text_parts", "reviews_review", "upper(product_review)"),
                ("review_product_parts", "reviews_review", "upper(product_name)"),
                ("review_name_parts", "reviews_review", "upper(user_name)"),
                ("review_phone_parts", "reviews_review", "contact_number"),
            ]
        ),
    ]
