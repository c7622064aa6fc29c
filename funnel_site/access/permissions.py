"""What a caller may do: a key by its scope, a member of staff by Django's permissions."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from funnel_site.access.models import ApiKey


class ScopeOrStaff(BasePermission):
    """A key with the view's `scope`, or staff with the view's `staff_permission`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if isinstance(request.auth, ApiKey):
            return request.auth.allows(getattr(view, "scope", ""))
        staff_permission = getattr(view, "staff_permission", "")
        user: Any = request.user
        return bool(
            staff_permission
            and user.is_authenticated
            and getattr(user, "is_staff", False)
            and user.has_perm(staff_permission)
        )
