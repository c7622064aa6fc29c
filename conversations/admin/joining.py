"""Staff say that two customers are one person, or that a key is nobody's: the pages for it."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from conversations.identity_rules import EMAIL, PHONE, names_nobody
from conversations.models import Customer, CustomerIdentity, IdentityChange, SharedValue
from conversations.selectors import customer_sides
from conversations.services.joining import JoinRefusedError, join_by_hand
from conversations.services.parting import undo_change
from conversations.services.review import settle_changes
from funnel_site.lib.marking import marked
from funnel_site.lib.money import shown_count
from funnel_site.lib.phone import PhoneError, normalise_phone
from funnel_site.lib.staff import RecordAdmin, StaffAdmin, display
from funnel_site.lib.words import translated

MAY_JOIN = "conversations.join_customer"


class JoinForm(forms.Form):
    """Which two, which of them stays, and why."""

    one = forms.IntegerField(widget=forms.HiddenInput)
    other = forms.IntegerField(widget=forms.HiddenInput)
    keep = forms.IntegerField(
        label=_("Keep"),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("How you know, as “said so on the phone, 3 April”"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("keep") not in (cleaned.get("one"), cleaned.get("other")):
            raise ValidationError({"keep": gettext("Choose which of the two stays.")})
        return cleaned


def join_page(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Show two customers side by side, and join them once staff have confirmed."""
    if not request.user.has_perm(MAY_JOIN):
        raise PermissionDenied
    given = request.POST if request.method == "POST" else request.GET
    one, other = (_number(given.get(name, "")) for name in ("one", "other"))
    sides = customer_sides([one, other])
    if one == other or len(sides) != 2:
        words = (
            gettext("That is one customer, not two.")
            if one == other and one
            else gettext("One of the two is gone: it may have been joined already.")
        )
        model_admin.message_user(request, words, level="ERROR")
        return redirect("admin:conversations_customer_changelist")
    form = JoinForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _join(model_admin, request, form.cleaned_data)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": gettext("Are these one person?"),
        "form": form,
        "sides": sides,
        "phones": sum(key.kind == PHONE for side in sides for key in side.keys),
        "most_phones": settings.IDENTITY_MOST_PHONES,
        "keep": _number(given.get("keep", "")) or sides[0].customer.pk,
        "one": one,
        "other": other,
    }
    return TemplateResponse(request, "admin/conversations/customer/join.html", context)


def _join(model_admin: Any, request: HttpRequest, wanted: dict[str, Any]) -> HttpResponse:
    keep = wanted["keep"]
    absorb = wanted["other"] if keep == wanted["one"] else wanted["one"]
    try:
        change = join_by_hand(
            keep=keep,
            absorb=absorb,
            reason=wanted["reason"],
            made_by=request.user,  # type: ignore[arg-type] # the admin lets nobody else in
        )
    except JoinRefusedError as refusal:
        model_admin.message_user(request, str(refusal), level="ERROR")
        return redirect("admin:conversations_customer_changelist")
    model_admin.log_change(
        request, change.customer, marked("Joined with customer %(number)s", number=absorb)
    )
    address = reverse("admin:conversations_identitychange_changelist")
    model_admin.message_user(
        request,
        format_html('Joined. Nothing is lost; <a href="{}">undo it here</a>.', address),
    )
    return redirect("admin:conversations_customer_change", keep)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= 18 else 0


class ReviewFilter(admin.SimpleListFilter):
    """What waits for a person: contradictions and exceeded limits that nobody has settled."""

    title = _("to look at")
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", gettext("Waits for a person")), ("settled", gettext("Settled"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "open":
            doubtful = (IdentityChange.Change.CONFLICT, IdentityChange.Change.LIMIT)
            return queryset.filter(change__in=doubtful, settled_at=None)
        if self.value() == "settled":
            return queryset.exclude(settled_at=None)
        return queryset


@admin.register(IdentityChange)
class IdentityChangeAdmin(RecordAdmin):
    list_display = (
        "made_at",
        "customer",
        "shown_change",
        "kind",
        "value",
        "made_by",
        "standing",
        "join_link",
    )
    list_filter = (ReviewFilter, "change", "kind")
    list_select_related = ("customer", "made_by", "settled_by")
    search_fields = ("=value", "customer__name")
    phone_path = "customer__phone_number"
    search_help_text = _("The key exactly, the customer's name, or a phone number in any format")
    actions = ("part_again", "settle")
    fields = (
        "made_at",
        "customer",
        "change",
        "kind",
        "value",
        "made_by",
        "settled_at",
        "settled_by",
        "rows_left",
    )
    readonly_fields = ("rows_left",)

    def has_part_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_JOIN)

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_JOIN)

    @admin.action(description=_("Undo the selected joins"), permissions=["part"])
    def part_again(self, request: HttpRequest, queryset: QuerySet[IdentityChange]) -> None:
        """One at a time, the newest first: a later join may rest on an earlier one."""
        changes = list(queryset.filter(change=IdentityChange.Change.JOINED).order_by("-pk"))
        undone = sum(undo_change(change=change) for change in changes)
        self.message_user(
            request,
            gettext("%(undone)s joins undone. Nothing of either customer is lost.")
            % {"undone": undone},
        )

    @admin.action(description=_("Mark as settled: they stay as they are"), permissions=["settle"])
    def settle(self, request: HttpRequest, queryset: QuerySet[IdentityChange]) -> None:
        number = settle_changes(
            changes=queryset,
            settled_by=request.user,  # type: ignore[arg-type] # the admin lets nobody else in
        )
        self.message_user(request, gettext("%(number)s settled.") % {"number": shown_count(number)})

    def get_queryset(self, request: HttpRequest) -> QuerySet[IdentityChange]:
        rows: QuerySet[IdentityChange] = super().get_queryset(request)
        holder = CustomerIdentity.objects.filter(kind=OuterRef("kind"), value=OuterRef("value"))
        return rows.annotate(holder=Subquery(holder.values("customer_id")[:1]))

    @display(
        description=_("Change"),
        ordering="change",
        label={
            "Claimed by two customers": "danger",
            "Left apart: too many keys for one customer": "warning",
            "Two customers joined": "info",
        },
    )
    def shown_change(self, change: IdentityChange) -> str:
        return change.get_change_display()

    @display(description=_("Standing"), label={"Waits": "warning", "Undone": "info"})
    def standing(self, change: IdentityChange) -> str:
        if change.settled_at:
            return gettext("Settled")
        if change.change == IdentityChange.Change.JOINED:
            return gettext("Undone") if "undone_at" in change.absorbed else gettext("Joined")
        return "" if change.change == IdentityChange.Change.REPLACED else gettext("Waits")

    @display(description="")
    def join_link(self, change: Any) -> str:
        doubtful = (IdentityChange.Change.CONFLICT, IdentityChange.Change.LIMIT)
        if change.change not in doubtful or change.holder in (None, change.customer_id):
            return ""
        address = reverse("admin:conversations_customer_join")
        return format_html(
            '<a href="{}?one={}&amp;other={}">Compare</a>',
            address,
            change.customer_id,
            change.holder,
        )

    @display(description=_("Came after the join and stayed"))
    def rows_left(self, change: IdentityChange) -> str:
        left = change.absorbed.get("left") or {}
        words = [f"{label}: {', '.join(keys)}" for label, keys in left.items()]
        return "; ".join(words) or "–"


class SharedValueForm(forms.ModelForm[SharedValue]):
    """The value in the one spelling that messages are compared with."""

    class Meta:
        model = SharedValue
        fields = ("kind", "value", "reason")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind, value = cleaned.get("kind"), (cleaned.get("value") or "").strip()
        if kind and names_nobody(kind, value):
            raise ValidationError({"value": gettext("This joins nobody anyway.")})
        if kind == PHONE:
            try:
                value = normalise_phone(value, settings.PHONE_REGION)
            except PhoneError as error:
                raise ValidationError({"value": translated(error.args[0])}) from error
        cleaned["value"] = value.casefold() if kind == EMAIL else value
        return cleaned


@admin.register(SharedValue)
class SharedValueAdmin(StaffAdmin):
    few_rows = True
    form = SharedValueForm
    list_display = ("kind", "value", "reason", "made_at", "made_by")
    list_filter = ("kind",)
    search_fields = ("value", "reason")
    list_select_related = ("made_by",)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: SharedValue, form: Any, change: Any) -> None:
        obj.made_by = request.user  # type: ignore[assignment] # the admin lets nobody else in
        super().save_model(request, obj, form, change)


def picked_pair(queryset: QuerySet[Customer]) -> tuple[int, int] | None:
    """The two customers that staff have ticked; None for any other number of them."""
    picked = list(queryset.order_by("pk").values_list("pk", flat=True)[:3])
    return (picked[0], picked[1]) if len(picked) == 2 else None
