"""Staff and their roles in the admin: rights are taken at once and given by two people.

An account without a role may do nothing, so that anybody with the right may add one, mend a name or
switch one off. What gives rights (a role, staff, superuser, switching on again, another one's
password) is confirmed by a second person. Nobody deletes an account: it is switched off, and the
trail still knows whose it was.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from funnel_site.access import approvals, staff
from funnel_site.access.approval_admin import tell
from funnel_site.access.approvals import ApprovalError
from funnel_site.access.right_words import rights_of
from funnel_site.access.roles import matrix
from funnel_site.lib.staff import StaffAdmin, display

admin.site.unregister(User)
admin.site.unregister(Group)
REASON_HELP = gettext_lazy("Needed where rights are given. Kept for good.")


class ReasonMixin(forms.Form):
    """Why somebody is given rights; what that is says `gains`."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=approvals.LONGEST_REASON,
        help_text=REASON_HELP,
        widget=UnfoldAdminTextInputWidget,
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.gains() and not cleaned.get("reason", "").strip():
            self.add_error("reason", _("Say why these rights are given."))
        return cleaned

    def gains(self) -> dict[str, Any]:
        """The rights that this form would give, as an approval's payload; empty where none."""
        raise NotImplementedError


class StaffUserForm(ReasonMixin, UserChangeForm):
    """One member of staff."""

    def gains(self) -> dict[str, Any]:
        before = User.objects.get(pk=self.instance.pk)
        return staff.user_gains(
            before,
            flags=[name for name in staff.FLAGS if self.cleaned_data.get(name)],
            groups=[group.pk for group in self.cleaned_data.get("groups", ())],
        )


class RoleForm(ReasonMixin, forms.ModelForm):  # type: ignore[type-arg]
    """A group of one's own making."""

    class Meta:
        model = Group
        fields = ("name", "permissions")

    def gains(self) -> dict[str, Any]:
        wanted = [one.pk for one in self.cleaned_data.get("permissions", ())]
        return staff.group_gains(self.instance, permissions=wanted)


class AskingMixin:
    """Saves what takes rights away, and asks a second person for what gives some."""

    kind: str

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        gains = getattr(form, "wanted_gains", {})
        for name in {"groups", "permissions"} & gains.keys():
            wanted = form.cleaned_data[name]
            form.cleaned_data[name] = wanted.exclude(pk__in=gains[name])
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        if not gains:
            return
        payload = {**gains, "key": form.instance.pk}
        approval = approvals.ask_or_do(
            kind=self.kind,
            user=request.user,
            subject=staff.subject_of(self.kind, payload),
            reason=form.cleaned_data["reason"],
            payload=payload,
        )
        tell(request, approval)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if isinstance(form, ReasonMixin):
            form.wanted_gains = form.gains()  # type: ignore[attr-defined]
            for flag in form.wanted_gains.get("flags", ()):  # type: ignore[attr-defined]
                setattr(obj, flag, False)
        super().save_model(request, obj, form, change)  # type: ignore[misc]


@admin.register(User)
class StaffUserAdmin(AskingMixin, UserAdmin, StaffAdmin):  # type: ignore[misc, type-arg]
    kind = staff.RIGHTS
    form = StaffUserForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "shown_roles", "is_active", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")
    export_columns = (
        "username",
        "first_name",
        "last_name",
        "email",
        "is_active",
        "is_staff",
        "is_superuser",
        "last_login",
        "date_joined",
    )
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Who"), {"fields": ("first_name", "last_name", "email")}),
        (
            gettext_lazy("May do"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "reason")},
        ),
        (gettext_lazy("Since"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Roles as boxes to tick: a list in which one click drops all others is a trap."""
        if db_field.name == "groups":
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Another one's password lets one in as them: it takes two people as their rights do."""
        kind = approvals.kind_of(staff.PASSWORD)
        if request.method != "POST" or approvals.may_act_alone(kind, request.user):
            return super().user_change_password(request, id, form_url)
        user = self.get_object(request, id)
        if user is None or not self.has_change_permission(request, user):
            raise PermissionDenied
        form = self.change_password_form(user, request.POST)
        if not form.is_valid():
            return super().user_change_password(request, id, form_url)
        return self._ask_for_password(request, user, form.cleaned_data.get("password1", ""))

    def _ask_for_password(self, request: HttpRequest, user: Any, password: str) -> HttpResponse:
        payload = {"key": user.pk, "password": make_password(password or None)}
        try:
            approval = approvals.ask(
                kind=staff.PASSWORD,
                user=request.user,
                subject=staff.subject_of(staff.PASSWORD, payload),
                reason=_("The password is set by somebody else"),
                payload=payload,
            )
        except ApprovalError as error:
            messages.error(request, str(error))
        else:
            tell(request, approval)
        return redirect("admin:auth_user_change", user.pk)

    @admin.display(description=gettext_lazy("Roles"))
    def shown_roles(self, user: User) -> str:
        named = [group.name for group in user.groups.all()]
        return ", ".join([*(["Superuser"] if user.is_superuser else []), *named])


@admin.register(Group)
class RoleAdmin(AskingMixin, GroupAdmin, StaffAdmin):  # type: ignore[misc]
    kind = staff.ROLE
    form = RoleForm
    fields = ("name", "permissions", "reason")
    export_columns = ("name",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whoever cannot change a role reads what it may do, list by list."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fields(request, obj)
        return ("name", "shown_rights")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*super().get_readonly_fields(request, obj), "shown_rights")

    @display(description=gettext_lazy("Permissions"))
    def shown_rights(self, group: Group) -> str:
        return format_html_join("", "<div><strong>{}</strong>: {}</div>", rights_of(group))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The roles of the file are changed in the file."""
        return super().has_change_permission(request, obj) and not _is_of_the_file(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not _is_of_the_file(obj)


def _is_of_the_file(group: Any) -> bool:
    return group is not None and group.name in {role.name for role in matrix().roles}
