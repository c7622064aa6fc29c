"""What a caller may do: a key by its scope, a member of staff by Django's permissions."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from funnel_site.access.models import ApiKey, Scope
from funnel_site.access.services import NEEDED


class ScopeOrStaff(BasePermission):
    """A key with the view's `scope`, or staff with the view's `staff_permission`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if isinstance(request.auth, ApiKey):
            return self._allows(request.auth, getattr(view, "scope", ""))
        staff_permission = getattr(view, "staff_permission", "")
        user: Any = request.user
        return bool(
            staff_permission
            and user.is_authenticated
            and getattr(user, "is_staff", False)
            and user.has_perm(staff_permission)
        )

    @staticmethod
    def _allows(key: ApiKey, scope: str) -> bool:
        """A key of one's own may never do more than its owner may at this moment."""
        if not key.allows(scope):
            return False
        return key.owner is None or key.owner.has_perm(NEEDED[Scope(scope)])
