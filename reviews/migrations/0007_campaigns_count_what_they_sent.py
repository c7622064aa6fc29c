"""A campaign keeps how many invitations it has sent; its rate and its lists have indexes."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from funnel_site.lib.indexes import AddIndexBesideTraffic


def count(apps: Any, schema_editor: Any) -> None:
    """What each campaign has sent so far. Can be done again."""
    campaigns = apps.get_model("reviews", "Campaign").objects
    invitations = apps.get_model("reviews", "Invitation").objects
    for key in campaigns.values_list("pk", flat=True):
        sent = invitations.filter(campaign=key, state="sent").count()
        campaigns.filter(pk=key).update(sent=sent)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("conversations", "0016_asking_after_messages"),
        ("reviews", "0006_search_indexes"),
    ]

    operations = [
        AddIndexBesideTraffic(
            model_name="invitation",
            index=models.Index(fields=["campaign", "-sent_at"], name="invitation_rate"),
        ),
        AddIndexBesideTraffic(
            model_name="invitation",
            index=models.Index(
                condition=models.Q(("state", "skipped")),
                fields=["campaign", "id"],
                name="invitation_left_out",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="review",
            index=models.Index(
                condition=models.Q(("is_unlisted", True)),
                fields=["-created_at", "-id"],
                name="review_unlisted",
            ),
        ),
        # The first index above begins with the campaign, too.
        migrations.AlterField(
            model_name="invitation",
            name="campaign",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="invitations",
                to="reviews.campaign",
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="sent",
            field=models.PositiveIntegerField(
                db_default=0, default=0, editable=False, verbose_name="Sent"
            ),
        ),
        migrations.RunPython(count, migrations.RunPython.noop),
    ]
