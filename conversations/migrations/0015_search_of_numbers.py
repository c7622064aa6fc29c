"""The list of customers finds parts of phone numbers by an index."""

from django.db import migrations

from funnel_site.lib.indexes import search_indexes


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("conversations", "0014_newest_messages_and_rare_choices")]
    operations = [
        search_indexes([("customer_phone_parts", "conversations_customer", "phone_number")])
    ]
