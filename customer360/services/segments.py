"""Who is in which segment: in few statements, whatever the number of customers."""

from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import DateField, F, Q, QuerySet, Value
from django.db.models.functions import Greatest
from django.utils.timezone import now

from conversations.models import Customer
from customer360.models import CustomerProfile, Segment, SegmentMembership
from customer360.segment_rules import lookups
from funnel_site.lib.days import site_today

MEMBERSHIP = SegmentMembership._meta.db_table


def matching(segment: Segment, today: date) -> QuerySet[CustomerProfile]:
    """The profiles that a segment's conditions ask for; raises ConditionError for unusable ones."""
    wanted = [Q(condition) for condition in lookups(segment.conditions, today)]
    return CustomerProfile.objects.filter(*wanted)


@transaction.atomic
def refresh_segment(*, segment: Segment, today: date | None = None) -> int:
    """Note who has entered and who has left since the last time; returns how many are in it.

    Doing it again on the same day changes nothing. A snapshot stays as it is.
    """
    segment = Segment.objects.select_for_update().get(pk=segment.pk)
    day = today or site_today()
    inside = SegmentMembership.objects.filter(segment=segment, left_on=None)
    if segment.kind == Segment.Kind.LIVE:
        wanted = matching(segment, day).order_by().values("customer_id")
        inside.exclude(customer__in=wanted).update(left_on=_not_before_entry(day))
        _enter(segment, wanted.exclude(customer_id__in=inside.values("customer_id")), day)
    segment.customers, segment.refreshed_at = inside.count(), now()
    segment.save(update_fields=["customers", "refreshed_at"])
    return segment.customers


def refresh_segments(*, today: date | None = None) -> int:
    """Refresh every segment that is kept up to date; returns how many they are."""
    segments = list(Segment.objects.filter(kind=Segment.Kind.LIVE))
    for segment in segments:
        refresh_segment(segment=segment, today=today)
    return len(segments)


@transaction.atomic
def take_snapshot(*, segment: Segment, name: str, made_by: User | None) -> Segment:
    """Keep who is in a segment now as a list of its own, as for a campaign. It never changes."""
    refresh_segment(segment=segment)
    today = site_today()
    snapshot = Segment.objects.create(
        name=name,
        kind=Segment.Kind.STATIC,
        conditions=segment.conditions,
        taken_from=segment,
        made_by=made_by,
    )
    members = SegmentMembership.objects.filter(segment=segment, left_on=None)
    _enter(snapshot, members.order_by().values("customer_id"), today)
    refresh_segment(segment=snapshot)
    snapshot.refresh_from_db()
    return snapshot


def end_double_memberships(*, customer: Customer, absorbed: Customer) -> None:
    """Before a join: where both are in a segment, one stay goes on and the other ends."""
    both = SegmentMembership.objects.filter(customer=customer, left_on=None).values("segment")
    doubled = SegmentMembership.objects.filter(customer=absorbed, left_on=None, segment__in=both)
    doubled.update(left_on=_not_before_entry(site_today()))


def _enter(segment: Segment, customers: QuerySet[Any, Any], day: date) -> None:
    """Begin a stay for each of the customers that a query names, in one statement."""
    statement, parameters = customers.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {MEMBERSHIP} (segment_id, customer_id, entered_on)"
            f" SELECT %s, wanted.customer_id, %s FROM ({statement}) AS wanted",
            [segment.pk, day, *parameters],
        )


def _not_before_entry(day: date) -> Greatest:
    return Greatest(F("entered_on"), Value(day, DateField()))
