from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0003_error_meanings")]

    operations = [
        migrations.AlterField(
            model_name="room",
            name="first_customer_message_at",
            field=models.DateTimeField(
                null=True,
                blank=True,
                help_text="Of the customer's messages that are no part of a dialogue with the bot",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="is_for_bot",
            field=models.BooleanField(
                default=False,
                db_default=False,
                editable=False,
                help_text="Part of a dialogue with the bot, and so no sign of a sale",
            ),
        ),
    ]
