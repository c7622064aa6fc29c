"""What of an account or a role gives rights, and giving it once two people have said so."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from funnel_site.access.approvals import ApprovalError, Kind, register
from funnel_site.access.models import Approval

RIGHTS, ROLE, PASSWORD = "staff_rights", "role_rights", "staff_password"
CONFIRM = "access.confirm_staff"
FLAGS = ("is_active", "is_staff", "is_superuser")


def register_kinds() -> None:
    """Three deeds of superusers, confirmed by a superuser or by whoever watches over staff."""
    for name, label, permission, carry_out in (
        (RIGHTS, gettext_lazy("Rights of a member of staff"), "auth.change_user", give_rights),
        (ROLE, gettext_lazy("Rights of a role"), "auth.change_group", give_to_role),
        (PASSWORD, gettext_lazy("Another one's password"), "auth.change_user", set_password),
    ):
        register(
            Kind(
                name=name,
                label=label,
                permission=permission,
                confirm_permission=CONFIRM,
                carry_out=carry_out,
            )
        )


def user_gains(user: User, *, flags: Iterable[str], groups: Iterable[int]) -> dict[str, Any]:
    """What of the wanted flags and groups the account does not have; empty where it has all."""
    held = set(user.groups.values_list("pk", flat=True))
    new_flags = [name for name in flags if not getattr(user, name)]
    new_groups = sorted(set(groups) - held)
    return {"flags": new_flags, "groups": new_groups} if new_flags or new_groups else {}


def group_gains(group: Group, *, permissions: Iterable[int]) -> dict[str, Any]:
    """What of the wanted permissions the group does not have; empty where it has all."""
    held = set(group.permissions.values_list("pk", flat=True)) if group.pk else set()
    wanted = sorted(set(permissions) - held)
    return {"permissions": wanted} if wanted else {}


def subject_of(kind: str, payload: dict[str, Any]) -> str:
    """What the second person reads."""
    if kind == ROLE:
        name = Group.objects.get(pk=payload["key"]).name
        return _("%(number)d more rights for the role %(name)s") % {
            "number": len(payload["permissions"]),
            "name": name,
        }
    name = User.objects.get(pk=payload["key"]).get_username()
    if kind == PASSWORD:
        return _("A new password for %s") % name
    roles = Group.objects.filter(pk__in=payload["groups"]).order_by("name")
    gained = [flag.removeprefix("is_") for flag in payload["flags"]]
    return f"{name}: {', '.join([*gained, *roles.values_list('name', flat=True)])}"


def give_rights(approval: Approval, confirmer: Any) -> str:
    user = _user(approval)
    for flag in approval.payload["flags"]:
        setattr(user, flag, True)
    user.save()
    user.groups.add(*Group.objects.filter(pk__in=approval.payload["groups"]))
    return _("%s has these rights now.") % user.get_username()


def give_to_role(approval: Approval, confirmer: Any) -> str:
    group = Group.objects.filter(pk=approval.payload["key"]).first()
    if group is None:
        raise ApprovalError(_("The role is gone."))
    group.permissions.add(*approval.payload["permissions"])
    return _("%s has these rights now.") % group.name


def set_password(approval: Approval, confirmer: Any) -> str:
    """Sets the hash that was kept, and forgets it."""
    user = _user(approval)
    user.password = approval.payload["password"]
    user.save(update_fields=["password"])
    approval.payload = {"key": user.pk}
    return _("The password of %s is set.") % user.get_username()


def _user(approval: Approval) -> User:
    user = User.objects.filter(pk=approval.payload["key"]).first()
    if user is None:
        raise ApprovalError(_("The account is gone."))
    return user
