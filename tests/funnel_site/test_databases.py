"""What tests stand on: a database put back as migrations left it."""

import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, transaction

from carddata.models import Partner
from conversations.models import Customer
from funnel_site.audit.models import AuditEntry
from tests import databases
from tests.reviews.making import make_customer


def note() -> AuditEntry:
    """An entry of the trail, which nobody may take out again."""
    kind = ContentType.objects.get_for_model(Customer)
    entry: AuditEntry = AuditEntry.objects.create(
        kind="saw", who="somebody", content_type=kind, object_pk="1", object_repr="1", action=3
    )
    return entry


@pytest.mark.django_db(transaction=True)
def test_what_a_test_commits_is_gone_and_what_it_took_is_there_again() -> None:
    roles, partners = set(Group.objects.values_list("name")), Partner.objects.count()
    make_customer(1)
    Group.objects.first().delete()  # type: ignore[union-attr]
    Partner.objects.all().delete()
    note()

    databases.put_back()

    assert set(Group.objects.values_list("name")) == roles
    assert Partner.objects.count() == partners > 0
    assert not Customer.objects.exists()
    assert not AuditEntry.objects.exists()
    # The trail's triggers are where they were.
    entry = note()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).delete()
