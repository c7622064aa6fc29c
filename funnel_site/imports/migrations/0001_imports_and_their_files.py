"""Imports in the background: their files, what a check found, and how far they are."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import funnel_site.imports.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportJob",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("who", models.CharField(help_text="Their name at the time", max_length=150)),
                (
                    "report",
                    models.CharField(help_text="The list: its model as app.name", max_length=100),
                ),
                ("name", models.CharField(help_text="The file's name", max_length=200)),
                ("format", models.CharField(max_length=4)),
                ("language", models.CharField(default="en", max_length=10)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("checking", "Being checked"),
                            ("checked", "To be confirmed"),
                            ("wrong", "With errors"),
                            ("confirmed", "Confirmed"),
                            ("applying", "Being applied"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                            ("expired", "Expired"),
                        ],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                (
                    "rows_total",
                    models.PositiveBigIntegerField(default=0, help_text="About, by its lines"),
                ),
                ("rows_done", models.PositiveBigIntegerField(default=0)),
                ("rows_new", models.PositiveBigIntegerField(default=0)),
                ("rows_changed", models.PositiveBigIntegerField(default=0)),
                ("rows_same", models.PositiveBigIntegerField(default=0)),
                ("rows_wrong", models.PositiveBigIntegerField(default=0)),
                ("reason", models.CharField(blank=True, help_text="Why it failed", max_length=300)),
                ("tally", models.JSONField(blank=True, default=dict, editable=False)),
                (
                    "token",
                    models.CharField(
                        default=funnel_site.imports.models.new_token,
                        editable=False,
                        max_length=64,
                        unique=True,
                    ),
                ),
                ("file", models.CharField(blank=True, editable=False, max_length=300)),
                ("errors_file", models.CharField(blank=True, editable=False, max_length=300)),
                ("asked_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("runner", models.CharField(blank=True, editable=False, max_length=40)),
                ("heartbeat_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "verbose_name_plural": "imports",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["user", "-id"], name="import_of_one_person"),
                    models.Index(
                        condition=models.Q(
                            models.Q(("file", ""), _negated=True),
                            models.Q(("errors_file", ""), _negated=True),
                            _connector="OR",
                        ),
                        fields=["state"],
                        name="import_to_look_after",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state__in", ["checked", "confirmed", "applying", "done"]),
                                _negated=True,
                            ),
                            ("rows_wrong", 0),
                            _connector="OR",
                        ),
                        name="import_applied_without_errors",
                    )
                ],
            },
        ),
    ]
