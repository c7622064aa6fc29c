"""Campaigns: whom they have asked, and asking more customers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from conversations.models import Customer, MessageTemplate
from conversations.template_text import TemplateTextError, filled
from funnel_site.lib.marking import marked
from funnel_site.lib.money import shown_count
from funnel_site.lib.paging import CappedCount, counted_beside, number_beside
from funnel_site.lib.staff import RecordAdmin, StaffAdmin, action, confirmed, display
from funnel_site.lib.words import translated
from reviews.models import Campaign, Invitation
from reviews.services.inviting import cancel_waiting, invite_customers, values_for

PICKED = "picked_customers"
"""The session's key under which the customer list leaves whom staff have picked."""


class CampaignForm(forms.ModelForm[Campaign]):
    """A campaign whose template can be filled: found out here, before the first message."""

    values = forms.CharField(
        required=False,
        max_length=2_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("One a line, for {{1}}, {{2}} … of the template; {name} is the first name"),
    )

    class Meta:
        model = Campaign
        fields = (
            "name",
            "line",
            "template",
            "per_minute",
            "rest_days",
            "invites_buyers",
            "is_active",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        template: Any = self.fields["template"]
        template.queryset = MessageTemplate.objects.filter(
            Q(is_active=True) | Q(pk=self.instance.template_id)
        )
        known = sorted(self.instance.variables.items(), key=lambda item: int(item[0]))
        self.initial["values"] = "\n".join(value for _, value in known)

    def clean_per_minute(self) -> int:
        number: int = self.cleaned_data["per_minute"]
        if not 1 <= number <= 4_800:
            raise ValidationError(gettext("1 to 4,800: WhatsApp takes 80 a second."))
        return number

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        template: MessageTemplate | None = cleaned.get("template")
        lines = [line.strip() for line in cleaned.get("values", "").splitlines() if line.strip()]
        self.instance.variables = {str(place): line for place, line in enumerate(lines, start=1)}
        if template is None:
            return cleaned
        sample = Campaign(template=template, variables=self.instance.variables)
        try:
            filled(template.body, values_for(sample, Customer(name="Ana")))
        except TemplateTextError as error:
            raise ValidationError({"values": translated(error.args[0])}) from error
        return cleaned


class PickForm(forms.Form):
    """Which campaign asks the picked customers."""

    campaign = forms.ModelChoiceField(
        queryset=Campaign.objects.filter(is_active=True).select_related("line"),
        widget=UnfoldAdminSelectWidget,
        empty_label=_("Choose a campaign"),
    )


@admin.register(Campaign)
class CampaignAdmin(StaffAdmin):
    few_rows = True
    form = CampaignForm
    list_display = (
        "name",
        "line",
        "template",
        "is_active",
        "invites_buyers",
        "waiting",
        "sent",
        "left_out",
    )
    list_filter = ("is_active", "invites_buyers", "line")
    search_fields = ("name",)
    list_select_related = ("line", "template")
    actions_detail = ("clear_list",)
    fieldsets = (
        (None, {"fields": ("name", "line", "template", "values")}),
        (
            _("Whom and how fast"),
            {"fields": ("invites_buyers", "rest_days", "per_minute", "is_active")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        rows: QuerySet[Campaign] = super().get_queryset(request)
        return rows.annotate(
            waiting_number=_number(Invitation.State.WAITING),
            skipped_number=_number(Invitation.State.SKIPPED),
        )

    def save_model(self, request: HttpRequest, obj: Campaign, form: Any, change: Any) -> None:
        if not change:
            obj.made_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Who has been asked is not forgotten: a campaign is switched off, not removed."""
        return False

    def has_invite_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("reviews.add_invitation")

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("invite/", wrap(self.invite_view), name="reviews_campaign_invite"),
            *super().get_urls(),
        ]

    def invite_view(self, request: HttpRequest) -> HttpResponse:
        """Say how many are picked, ask for the campaign, and put them on its list."""
        if not self.has_invite_permission(request):
            raise PermissionDenied
        picked: list[int] = request.session.get(PICKED, [])
        form = PickForm(request.POST if request.method == "POST" else None)
        if not picked or not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": gettext("Invite customers to review"),
                "form": form,
                "number": len(picked),
            }
            return TemplateResponse(request, "admin/reviews/campaign/invite.html", context)
        campaign = form.cleaned_data["campaign"]
        report = invite_customers(campaign=campaign, customers=picked)
        del request.session[PICKED]
        self.log_change(
            request, campaign, marked("Invited %(number)s customers", number=report.invited)
        )
        self.message_user(
            request,
            gettext(
                "%(invited)s on the list now, %(again)s were already, %(unwritable)s left out: opted out, blocked, or without a number."
            )
            % {"invited": report.invited, "again": report.again, "unwritable": report.unwritable},
        )
        return redirect("admin:reviews_campaign_change", campaign.pk)

    @action(description=_("Clear the waiting list"), permissions=["invite"], icon="playlist_remove")
    @confirmed
    def clear_list(self, request: HttpRequest, object_id: int) -> HttpResponse:
        campaign = self.get_object(request, str(object_id))
        if campaign is None:
            raise PermissionDenied
        number = cancel_waiting(campaign=campaign, user=request.user)
        self.log_change(request, campaign, marked("Took %(number)s off the list", number=number))
        self.message_user(
            request,
            gettext("%(number)s customers are off the list.") % {"number": shown_count(number)},
        )
        return redirect("admin:reviews_campaign_change", object_id)

    @display(description=_("Waiting"), ordering="waiting_number")
    def waiting(self, campaign: Any) -> str:
        return number_beside(campaign.waiting_number)

    @display(description=_("Left out"), ordering="skipped_number")
    def left_out(self, campaign: Any) -> str:
        return number_beside(campaign.skipped_number)


def _number(state: str) -> CappedCount:
    return counted_beside(Invitation.objects.filter(campaign=OuterRef("pk"), state=state))


@admin.register(Invitation)
class InvitationAdmin(RecordAdmin):
    told = ("reason",)
    list_display = (
        "made_at",
        "customer",
        "campaign",
        "shown_state",
        "reason",
        "sent_at",
        "delivery",
    )
    list_filter = ("state", "campaign")
    search_fields = ("customer__name",)
    phone_path = "customer__phone_number"
    list_select_related = ("customer", "campaign", "message")
    ordering = ("-id",)

    @display(
        description=_("State"),
        ordering="state",
        label={"Waiting": "info", "Sent": "success", "Left out": "warning"},
    )
    def shown_state(self, invitation: Invitation) -> str:
        return invitation.get_state_display()

    @display(description=_("Delivery"))
    def delivery(self, invitation: Invitation) -> str:
        return invitation.message.get_status_display() if invitation.message else ""
