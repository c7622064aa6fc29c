from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0004_first_messages_besides_the_bot")]

    operations = [
        migrations.AddField(
            model_name="room",
            name="priority",
            field=models.PositiveSmallIntegerField(
                choices=[(0, "Normal"), (1, "High")], default=0, db_default=0
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="is_held",
            field=models.BooleanField(
                default=False,
                db_default=False,
                editable=False,
                help_text="Kept while its customer was blocked; nothing has reacted to it",
            ),
        ),
    ]
