"""Agents' notes, canned answers, saved filters and presence; since when a room waits."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0007_archive_and_erasure"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CannedAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "shortcut",
                    models.SlugField(
                        help_text="Typed after a slash in the answer box: /thanks", max_length=32
                    ),
                ),
                (
                    "body",
                    models.TextField(
                        help_text="{name}, {first_name}, {phone} and {agent} are filled in",
                        max_length=1600,
                    ),
                ),
            ],
            options={
                "ordering": ["shortcut", "id"],
                "permissions": [
                    ("share_cannedanswer", "Can change the answers that everybody has")
                ],
            },
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("body", models.TextField(max_length=4000)),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Presence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seen_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(help_text="As in the queue's address", max_length=300)),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="room",
            name="closed_by",
            field=models.ForeignKey(
                blank=True,
                help_text="Staff who closed it; a later message of the customer opens it again",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="room",
            name="waiting_since",
            field=models.DateTimeField(
                blank=True,
                help_text="The customer's earliest message that nothing of ours has followed",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="cannedanswer",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: shared with everybody",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="canned_answers",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="author",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notes",
                to="conversations.customer",
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="room",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="notes",
                to="conversations.room",
            ),
        ),
        migrations.AddField(
            model_name="presence",
            name="room",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="presences",
                to="conversations.room",
            ),
        ),
        migrations.AddField(
            model_name="presence",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="presences",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="savedfilter",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="saved_filters",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="cannedanswer",
            constraint=models.UniqueConstraint(
                fields=("owner", "shortcut"), name="canned_answer_once_per_owner"
            ),
        ),
        migrations.AddConstraint(
            model_name="cannedanswer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("owner", None)),
                fields=("shortcut",),
                name="canned_answer_once_for_all",
            ),
        ),
        migrations.AddIndex(
            model_name="note",
            index=models.Index(fields=["customer", "made_at", "id"], name="note_timeline"),
        ),
        migrations.AddConstraint(
            model_name="note",
            constraint=models.CheckConstraint(
                condition=models.Q(("body", ""), _negated=True), name="note_says_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="presence",
            constraint=models.UniqueConstraint(
                fields=("room", "user"), name="presence_once_per_room_and_user"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedfilter",
            constraint=models.UniqueConstraint(
                fields=("owner", "name"), name="saved_filter_once_per_name"
            ),
        ),
    ]
