"""A file knows which build its rows were read from."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exports", "0002_files_in_full"),
    ]

    operations = [
        migrations.AddField(
            model_name="exportjob",
            name="told",
            field=models.JSONField(
                blank=True,
                default=list,
                editable=False,
                help_text="What its rows were read from, as pairs",
            ),
        ),
    ]
