"""API keys in the admin: made once, shown once, revoked for good."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from rest_framework_api_key.admin import APIKeyModelAdmin
from rest_framework_api_key.models import APIKey as UnusedKey

from funnel_site.access.account import account_urls
from funnel_site.access.models import ApiKey, Scope
from funnel_site.lib.staff import StaffAdmin

# The package's own kind of key has no scopes; ours replaces it.
admin.site.unregister(UnusedKey)


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Scopes as boxes to tick."""

    scopes = forms.MultipleChoiceField(choices=Scope, widget=forms.CheckboxSelectMultiple)

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

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A revoked key stays as it is, for the record."""
        fields = ("prefix", "last_used_at")
        if obj is not None and obj.revoked:
            return (*fields, "name", "revoked", "expiry_date")
        return fields

    def get_urls(self) -> Any:
        return [*account_urls(), *super().get_urls()]

    @admin.display(description="Scopes")
    def shown_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)
