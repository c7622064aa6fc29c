"""Accounts of staff for tests."""

from django.contrib.auth.models import Permission, User


def staff(*permissions: str) -> User:
    """An agent with these permissions, who sees customers in full."""
    user = User.objects.create_user("agent", password="x", is_staff=True)
    wanted = [*permissions, "see_contacts"]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    return user
