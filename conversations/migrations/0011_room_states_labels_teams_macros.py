"""Rooms' states, priorities, labels and teams; macros; views of the queue that are shared."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0010_shared_values_and_pairings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Label",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, unique=True, verbose_name="name")),
                (
                    "colour",
                    models.CharField(
                        choices=[
                            ("grey", "Grey"),
                            ("red", "Red"),
                            ("amber", "Amber"),
                            ("green", "Green"),
                            ("blue", "Blue"),
                            ("violet", "Violet"),
                        ],
                        db_default="grey",
                        default="grey",
                        max_length=8,
                        verbose_name="colour",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Macro",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "reply",
                    models.TextField(
                        blank=True,
                        help_text="Sent to the customer; {name}, {first_name}, {phone} and {agent} are filled in",
                        max_length=1600,
                        verbose_name="reply",
                    ),
                ),
                (
                    "note",
                    models.TextField(
                        blank=True,
                        help_text="For colleagues only: never sent",
                        max_length=1000,
                        verbose_name="note",
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[
                            (0, "None"),
                            (1, "Low"),
                            (2, "Medium"),
                            (3, "High"),
                            (4, "Urgent"),
                        ],
                        null=True,
                        verbose_name="priority",
                    ),
                ),
                (
                    "assign",
                    models.CharField(
                        blank=True,
                        choices=[("me", "To me"), ("nobody", "To nobody")],
                        max_length=8,
                        verbose_name="assign",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("open", "Open it"),
                            ("pending", "Set it pending"),
                            ("snoozed", "Snooze it until the customer writes"),
                            ("resolved", "Resolve it"),
                        ],
                        max_length=8,
                        verbose_name="then",
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
                "permissions": [("share_macro", "Can change the macros that everybody has")],
            },
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, unique=True, verbose_name="name")),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.AlterModelOptions(
            name="savedfilter",
            options={
                "ordering": ["name"],
                "permissions": [
                    ("share_savedfilter", "Can show their views of the queue to everybody")
                ],
            },
        ),
        migrations.RenameField(
            model_name="room",
            old_name="closed_by",
            new_name="resolved_by",
        ),
        migrations.AddField(
            model_name="room",
            name="changed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="room",
            name="changed_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="room",
            name="resolved_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When staff last resolved it; kept after it opens again",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="room",
            name="resolved_by",
            field=models.ForeignKey(
                blank=True,
                help_text="Staff who last resolved it; a later message of the customer opens it again",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="room",
            name="snoozed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="room",
            name="snoozed_until",
            field=models.DateTimeField(
                blank=True, help_text="Without one it sleeps until the customer writes", null=True
            ),
        ),
        migrations.AddField(
            model_name="room",
            name="version",
            field=models.PositiveIntegerField(
                db_default=0, default=0, editable=False, help_text="How often staff have changed it"
            ),
        ),
        migrations.AddField(
            model_name="savedfilter",
            name="is_shared",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Everybody sees it beside their own"
            ),
        ),
        migrations.AlterField(
            model_name="room",
            name="priority",
            field=models.PositiveSmallIntegerField(
                choices=[(0, "None"), (1, "Low"), (2, "Medium"), (3, "High"), (4, "Urgent")],
                db_default=0,
                default=0,
            ),
        ),
        migrations.AlterField(
            model_name="room",
            name="status",
            field=models.CharField(
                choices=[
                    ("open", "Open"),
                    ("pending", "Pending"),
                    ("snoozed", "Snoozed"),
                    ("resolved", "Resolved"),
                ],
                default="open",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="room",
            name="labels",
            field=models.ManyToManyField(
                blank=True, related_name="rooms", to="conversations.label"
            ),
        ),
        migrations.AddField(
            model_name="macro",
            name="labels",
            field=models.ManyToManyField(
                blank=True, related_name="+", to="conversations.label", verbose_name="labels to add"
            ),
        ),
        migrations.AddField(
            model_name="macro",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: shared with everybody",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="macros",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner",
            ),
        ),
        migrations.AddField(
            model_name="team",
            name="members",
            field=models.ManyToManyField(
                blank=True,
                related_name="teams",
                to=settings.AUTH_USER_MODEL,
                verbose_name="members",
            ),
        ),
        migrations.AddField(
            model_name="macro",
            name="team",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="conversations.team",
                verbose_name="team",
            ),
        ),
        migrations.AddField(
            model_name="room",
            name="team",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="rooms",
                to="conversations.team",
            ),
        ),
        migrations.AddConstraint(
            model_name="macro",
            constraint=models.UniqueConstraint(
                fields=("owner", "name"), name="macro_once_per_owner"
            ),
        ),
        migrations.AddConstraint(
            model_name="macro",
            constraint=models.UniqueConstraint(
                condition=models.Q(("owner", None)), fields=("name",), name="macro_once_for_all"
            ),
        ),
    ]
