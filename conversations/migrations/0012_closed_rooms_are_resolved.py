"""Closed rooms are resolved ones; one session that is not resolved a customer and channel.

Rows are written in portions, each a transaction of its own, and only those that are to change: it may
be interrupted and run again.
"""

from django.db import migrations, models
from django.db.models import Case, F, Q, Value, When

from funnel_site.lib.indexes import AddIndexBesideTraffic

AT_ONCE = 20_000
OLD_HIGH, HIGH = 1, 3


def _in_portions(rooms, wanted, **values):
    """Write the values to the wanted rows, by ranges of primary keys."""
    last = rooms.order_by("-pk").values_list("pk", flat=True).first() or 0
    for start in range(0, last + 1, AT_ONCE):
        rooms.filter(wanted, pk__gt=start, pk__lte=start + AT_ONCE).update(**values)


def resolve_closed(apps, schema_editor):
    rooms = apps.get_model("conversations", "Room").objects
    _in_portions(
        rooms,
        Q(status="closed"),
        status="resolved",
        resolved_at=Case(When(resolved_by__isnull=False, then=F("closed_at"))),
    )
    _in_portions(rooms, Q(priority=OLD_HIGH), priority=HIGH)


def close_resolved(apps, schema_editor):
    """What is neither open nor closed is open; of priorities only “high” is left."""
    rooms = apps.get_model("conversations", "Room").objects
    _in_portions(rooms, Q(status="resolved"), status="closed")
    _in_portions(rooms, Q(status__in=["pending", "snoozed"]), status="open")
    _in_portions(rooms, Q(resolved_by__isnull=False) & ~Q(status="closed"), resolved_by=None)
    _in_portions(
        rooms,
        Q(priority__gt=0),
        priority=Case(When(priority__gte=HIGH, then=Value(OLD_HIGH)), default=Value(0)),
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("conversations", "0011_room_states_labels_teams_macros")]
    operations = [
        migrations.RunPython(resolve_closed, close_resolved),
        migrations.AddConstraint(
            model_name="room",
            constraint=models.UniqueConstraint(
                condition=~Q(status="resolved") & Q(source="session"),
                fields=("customer", "channel"),
                name="room_one_live_session_per_customer_and_channel",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="room", name="room_one_open_session_per_customer_and_channel"
        ),
        AddIndexBesideTraffic(
            model_name="room",
            index=models.Index(
                condition=Q(status="pending"),
                fields=["-last_message_at", "-id"],
                name="room_pending",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="room",
            index=models.Index(
                condition=Q(status="snoozed"), fields=["snoozed_until"], name="room_snoozed"
            ),
        ),
        AddIndexBesideTraffic(
            model_name="room",
            index=models.Index(
                condition=Q(resolved_at__isnull=False),
                fields=["resolved_at"],
                name="room_resolved",
            ),
        ),
    ]
