"""Customers: found by any spelling of the number, with their conversations."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from import_export.admin import ImportExportModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter

from conversations.models import Customer, CustomerIdentity, IdentityChange, Room
from conversations.resources import CustomerResource
from funnel_site.lib.phone import phone_search_digits
from funnel_site.lib.staff import RecordAdmin, StaffAdmin, display


class IdentityInline(admin.TabularInline[CustomerIdentity, Customer]):
    """The keys by which a customer is known."""

    model = CustomerIdentity
    extra = 0
    can_delete = False
    readonly_fields = ("kind", "value", "first_seen_at")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Customer)
class CustomerAdmin(ImportExportModelAdmin, StaffAdmin):
    resource_classes = [CustomerResource]
    list_display = ("shown_name", "phone_number", "rooms_link", "first_seen_at", "last_seen_at")
    list_filter = (
        ("last_seen_at", RangeDateTimeFilter),
        ("opted_out_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("name", "phone_number", "email")
    search_help_text = "Name, phone number in any format, or e-mail"
    readonly_fields = ("phone_number", "first_seen_at", "last_seen_at", "opted_out_at")
    fields = ("name", "phone_number", "email", "first_seen_at", "last_seen_at", "opted_out_at")
    inlines = (IdentityInline,)
    ordering = ("-last_seen_at", "-id")
    change_form_after_template = "admin/conversations/customer_rooms.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        """A phone number is found however it is written."""
        digits = phone_search_digits(search_term)
        if len(digits) >= 4 and not any(letter.isalpha() for letter in search_term):
            return queryset.filter(phone_number__contains=digits), False
        return super().get_search_results(request, queryset, search_term)  # type: ignore[no-any-return]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        rooms = Room.objects.filter(customer__pk=object_id).annotate(number=Count("messages"))
        context = {"rooms": rooms.order_by("-last_message_at")[:50], **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)  # type: ignore[no-any-return]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.change_customer")

    @display(description="Name", ordering="name")
    def shown_name(self, customer: Customer) -> str:
        return str(customer)

    @display(description="Rooms")
    def rooms_link(self, customer: Customer) -> str:
        address = reverse("admin:conversations_room_changelist")
        return format_html('<a href="{}?customer__id__exact={}">Show</a>', address, customer.pk)


@admin.register(IdentityChange)
class IdentityChangeAdmin(RecordAdmin):
    list_display = ("made_at", "customer", "change", "kind", "value")
    list_filter = ("change", "kind")
    list_select_related = ("customer",)
