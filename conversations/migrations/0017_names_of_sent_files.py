"""What staff called a file that they sent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0016_asking_after_messages"),
    ]

    operations = [
        migrations.AddField(
            model_name="attachment",
            name="name",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="As staff called it",
                max_length=100,
            ),
        ),
    ]
