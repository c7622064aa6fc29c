"""How the webhooks answered, counted by path, process and ten minutes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0001_task_runs"),
    ]

    operations = [
        migrations.CreateModel(
            name="DoorCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("door", models.CharField(help_text="Its path", max_length=100)),
                ("slot", models.DateTimeField(help_text="Where the ten minutes begin")),
                ("process", models.CharField(max_length=12)),
                ("answers", models.JSONField(default=dict, help_text="How many of each status")),
                ("buckets", models.JSONField(default=list, help_text="How many took how long")),
            ],
            options={
                "indexes": [models.Index(fields=["slot"], name="door_count_by_time")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("door", "slot", "process"), name="door_count_once_per_process"
                    )
                ],
            },
        ),
    ]
