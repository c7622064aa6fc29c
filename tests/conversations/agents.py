"""Accounts of staff for tests, and the page that agents work on."""

from django.contrib.auth.models import Permission, User
from django.test import Client

from conversations.models import Room


def staff(*permissions: str) -> User:
    """An agent with these permissions, who sees customers in full."""
    user = User.objects.create_user("agent", password="x", is_staff=True)
    wanted = [*permissions, "see_contacts"]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    return user


def page_of(client: Client, room: Room) -> str:
    """The HTML of a room's page."""
    answer = client.get(f"/admin/conversations/room/{room.pk}/change/")
    assert answer.status_code == 200
    return str(answer.content.decode())
