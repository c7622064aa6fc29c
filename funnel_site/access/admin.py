"""API keys in the admin: made once, shown once, revoked for good."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework_api_key.admin import APIKeyModelAdmin
from rest_framework_api_key.models import APIKey as UnusedKey

from funnel_site.access import approval_admin as approval_admin
from funnel_site.access import staff_admin as staff_admin
from funnel_site.access.account import account_urls
from funnel_site.access.models import ApiKey, Scope
from funnel_site.access.services import rotate_key
from funnel_site.lib.staff import StaffAdmin, action, confirmed

# The package's own kind of key has no scopes; ours replaces it.
admin.site.unregister(UnusedKey)


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Scopes as boxes to tick."""

    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=Scope, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expiry_date", "revoked")


@admin.register(ApiKey)
class ApiKeyAdmin(APIKeyModelAdmin, StaffAdmin):  # type: ignore[misc]
    few_rows = True
    form = ApiKeyForm
    list_display = (  # type: ignore[assignment]
        "name",
        "prefix",
        "shown_scopes",
        "owner",
        "created",
        "last_used_at",
        "expiry_date",
        "revoked",
    )
    list_filter = ("revoked",)
    list_select_related = ("owner",)
    search_fields = ("name", "prefix")
    actions_detail = ("rotate",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A revoked key stays as it is, for the record."""
        fields = ("prefix", "last_used_at")
        if obj is not None and obj.revoked:
            return (*fields, "name", "revoked", "expiry_date")
        return fields

    def has_rotate_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perms(("access.add_apikey", "access.change_apikey"))

    @action(description=_("Rotate"), permissions=["rotate"], icon="autorenew")
    @confirmed
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Another key in its place; both work for a day."""
        made = rotate_key(key=get_object_or_404(ApiKey, pk=object_id))
        if made is None:
            self.message_user(request, _("That key does not work any more."), level="ERROR")
        else:
            self.message_user(
                request,
                gettext("The new key, shown this once: %s. The old one works for 24 hours more.")
                % made[1],
                level="WARNING",
            )
        return redirect("admin:access_apikey_changelist")

    def get_urls(self) -> Any:
        return [*account_urls(), *super().get_urls()]

    @admin.display(description=_("Scopes"))
    def shown_scopes(self, key: ApiKey) -> str:
        return key.shown_scopes
