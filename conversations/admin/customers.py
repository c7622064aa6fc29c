"""Customers: found by any spelling of the number, with their conversations."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from conversations.admin.joining import MAY_JOIN, join_page, picked_pair
from conversations.models import Channel, Consent, Customer, CustomerIdentity, Message, Room
from conversations.resources import CustomerResource
from conversations.selectors import rooms_open_to
from conversations.services.blocking import OwnNumberError, process_held, set_blocked
from conversations.services.consent import note_consent
from conversations.standing import EVERY
from funnel_site.lib.importing import ImportList
from funnel_site.lib.marking import marked
from funnel_site.lib.staff import StaffAdmin, action, display
from funnel_site.lib.words import translated

MOST_PICKED = 5_000


class ConsentForm(forms.Form):
    """Where and why a customer's standing is changed by hand."""

    channel = forms.ChoiceField(label=_("Channel"), required=False, widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("How the customer asked for it, as “by phone, 3 April”"),
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        """The channels are those in which the customer has rooms, or has opted out or in before."""
        super().__init__(*args, **kwargs)
        used = set(customer.rooms.order_by().values_list("channel", flat=True).distinct())
        used |= set(customer.standing)
        field: Any = self.fields["channel"]
        field.choices = [
            (EVERY, gettext("Every channel")),
            *((value, label) for value, label in Channel.choices if value in used),
        ]

    def words_of_errors(self) -> str:
        """What is wrong, the field named."""
        if "reason" in self.errors:
            return gettext("Say why: how the customer asked for it.")
        if "channel" in self.errors:
            return gettext("Channel: choose one of the list.")
        return gettext("Choose whether they opt out or in.")


def _words_of_standing(customer: Customer, consent: Consent) -> str:
    """What holds now that staff have noted this."""
    channel = consent.get_channel_display()
    if consent.change == Consent.Change.OUT:
        if not channel:
            return gettext("Opted out: nothing is sent to this customer any more.")
        return gettext("Opted out: nothing is sent to this customer by %(channel)s any more.") % {
            "channel": channel
        }
    if customer.opted_out_at is None:
        return gettext("Opted in again: this customer may be written to.")
    return gettext("Opted in again for %(channel)s. What still holds: %(standing)s.") % {
        "channel": channel,
        "standing": customer.opted_out_words,
    }


class IdentityInline(admin.TabularInline[CustomerIdentity, Customer]):
    """The keys by which a customer is known."""

    model = CustomerIdentity
    extra = 0
    can_delete = False
    readonly_fields = ("kind", "value", "first_seen_at")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Customer)
class CustomerAdmin(ImportList, StaffAdmin):
    resource_classes = [CustomerResource]
    list_display = (
        "shown_name",
        "phone_number",
        "rooms_link",
        "first_seen_at",
        "last_seen_at",
        "consent",
    )
    # The name leads to the customer's page, the date to what can be edited.
    list_display_links = ("first_seen_at",)
    list_filter = (
        ("last_seen_at", RangeDateTimeFilter),
        ("opted_out_at", admin.EmptyFieldListFilter),
        ("blocked_at", admin.EmptyFieldListFilter),
    )
    actions = ("invite", "join")
    # A whole e-mail address is a key of its own: most share their last letters with all others.
    search_fields = ("=identities__value", "name", "email")
    id_scopes = {"identities__value": {"identities__kind": "email"}}
    search_help_text = _("Name, phone number in any format, or e-mail")
    phone_path = "phone_number"
    readonly_fields = ("phone_number", "first_seen_at", "last_seen_at")
    fields = ("name", "phone_number", "email", "first_seen_at", "last_seen_at")
    inlines = (IdentityInline,)
    ordering = ("-last_seen_at", "-id")
    change_form_outer_after_template = "admin/conversations/customer_rooms.html"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        customer = self.get_object(request, object_id)
        if customer is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        theirs = rooms_open_to(request.user)
        rooms = Room.objects.filter(theirs, customer=customer).annotate(number=Count("messages"))
        context = {
            "rooms": rooms.order_by("-last_message_at")[:50],
            "customer": customer,
            "consents": customer.consents.order_by("-at", "-pk").select_related("noted_by")[:20],
            "held": Message.objects.filter(customer=customer, is_held=True).count(),
            "consent_form": (
                ConsentForm(customer=customer) if self.may_note_consent(request) else None
            ),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)  # type: ignore[no-any-return]

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path(
                "join/", wrap(join_page), {"model_admin": self}, name="conversations_customer_join"
            ),
            path(
                "<int:key>/consent/", wrap(self.consent_view), name="conversations_customer_consent"
            ),
            path("<int:key>/block/", wrap(self.block_view), name="conversations_customer_block"),
            path("<int:key>/held/", wrap(self.held_view), name="conversations_customer_held"),
            *super().get_urls(),
        ]

    def may_note_consent(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.add_consent")

    def consent_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Opt a customer out, or in again, with the reason."""
        customer = self._asked_about(request, key)
        form = ConsentForm(request.POST, customer=customer)
        change = request.POST.get("change", "")
        if not form.is_valid() or change not in Consent.Change.values:
            self.message_user(request, form.words_of_errors(), level="ERROR")
            return redirect("admin:conversations_customer_change", key)
        consent = note_consent(
            customer=customer,
            channel=form.cleaned_data["channel"],
            change=change,
            words=form.cleaned_data["reason"],
            noted_by=request.user,
        )
        self.log_change(request, customer, consent.words_of_change)
        self.message_user(request, _words_of_standing(customer, consent))
        return redirect("admin:conversations_customer_change", key)

    def block_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Put a customer on the block list, or take them off it."""
        customer = self._asked_about(request, key)
        try:
            is_blocked = set_blocked(customer=customer, is_blocked="block" in request.POST)
        except OwnNumberError:
            self.message_user(request, gettext("This is a number of our own."), level="ERROR")
            return redirect("admin:conversations_customer_change", key)
        words = (
            marked("Blocked: nobody and nothing reacts to them.")
            if is_blocked
            else marked("No longer blocked.")
        )
        self.log_change(request, customer, words)
        self.message_user(request, translated(words))
        return redirect("admin:conversations_customer_change", key)

    def held_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Have the bot and the funnels react to what was kept while a customer was blocked."""
        customer = self._asked_about(request, key)
        words = marked(
            "Held messages processed: %(number)s", number=process_held(customer=customer)
        )
        self.log_change(request, customer, words)
        self.message_user(request, translated(words))
        return redirect("admin:conversations_customer_change", key)

    def _asked_about(self, request: HttpRequest, key: int) -> Customer:
        customer = self.get_object(request, str(key))
        if customer is None or request.method != "POST" or not self.may_note_consent(request):
            raise PermissionDenied
        return cast("Customer", customer)

    def has_join_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_JOIN)

    @action(description=_("Join two customers…"), permissions=["join"])
    def join(self, request: HttpRequest, queryset: QuerySet[Customer]) -> HttpResponse | None:
        """Hand the two ticked customers to the page that shows both and asks."""
        pair = picked_pair(queryset)
        if pair is None:
            self.message_user(request, gettext("Tick exactly two customers."), level="ERROR")
            return None
        address = reverse("admin:conversations_customer_join")
        return redirect(f"{address}?one={pair[0]}&other={pair[1]}")

    def has_invite_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reviews.add_invitation")

    @action(description=_("Invite to review…"), permissions=["invite"])
    def invite(self, request: HttpRequest, queryset: QuerySet[Customer]) -> HttpResponse | None:
        """Hand the picked customers to the page that asks for the campaign."""
        picked = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST_PICKED + 1])
        if len(picked) > MOST_PICKED:
            self.message_user(
                request,
                gettext("At most %(most)s at once: filter the list.")
                % {"most": number_format(MOST_PICKED, force_grouping=True)},
                level="ERROR",
            )
            return None
        request.session["picked_customers"] = picked
        return redirect("admin:reviews_campaign_invite")

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.change_customer")

    @display(description=_("Name"), ordering="name")
    def shown_name(self, customer: Customer) -> str:
        address = reverse("admin:customer360_customer", args=[customer.pk])
        return format_html('<a href="{}">{}</a>', address, str(customer))

    @display(
        description=_("May be written to"),
        label={"Yes": "success", "Opted out": "danger", "Blocked": "warning"},
    )
    def consent(self, customer: Customer) -> str | tuple[str, str]:
        if customer.opted_out_at is not None:
            return "Opted out", customer.opted_out_words
        return gettext("Blocked") if customer.blocked_at is not None else gettext("Yes")

    @display(description=_("Rooms"))
    def rooms_link(self, customer: Customer) -> str:
        address = reverse("admin:conversations_room_changelist")
        return format_html(
            '<a href="{}?customer__id__exact={}">{}</a>', address, customer.pk, gettext("Show")
        )
