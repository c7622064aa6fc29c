"""The admin's sidebar: what each kind of staff looks for, in their words."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from funnel_site.access.approvals import waiting_for

# Name, icon, app, model; the page where it is not the model's list; its permission where it is not
# the one to view the model.
SECTIONS: tuple[tuple[Any, tuple[tuple[Any, ...], ...]], ...] = (
    (
        _("Conversations"),
        (
            # These pages are who the customer is: nothing of them is for masked eyes.
            (
                _("Queue"),
                "move_to_inbox",
                "conversations",
                "customer",
                "customer360_queue",
                "see_contacts",
            ),
            (
                _("Find a customer"),
                "search",
                "conversations",
                "customer",
                "customer360_find",
                "see_contacts",
            ),
            (
                _("Waiting times"),
                "timer",
                "conversations",
                "room",
                "customer360_times",
                "see_times",
            ),
            (_("Rooms"), "forum", "conversations", "room"),
            (_("Customers"), "group", "conversations", "customer"),
            (_("Messages"), "chat", "conversations", "message"),
            (_("Templates"), "description", "conversations", "messagetemplate"),
            (_("Canned answers"), "quickreply", "conversations", "cannedanswer"),
            (_("Macros"), "bolt", "conversations", "macro"),
            (_("Labels"), "label", "conversations", "label"),
            (_("Teams"), "groups", "conversations", "team"),
        ),
    ),
    (
        _("Reviews"),
        (
            (_("Reviews"), "reviews", "reviews", "review"),
            (_("Products to match"), "rule", "reviews", "review", "reviews_review_waiting"),
            (_("Catalogue"), "inventory_2", "reviews", "catalogueproduct"),
            (_("Campaigns"), "campaign", "reviews", "campaign"),
            (_("Invitations"), "outgoing_mail", "reviews", "invitation"),
            (_("Bot's words"), "smart_toy", "reviews", "botwords"),
        ),
    ),
    (
        _("Funnel"),
        (
            (_("Funnels"), "filter_alt", "funnels", "funnel"),
            (_("Keywords"), "key", "funnels", "keyword"),
            (_("Keyword syncs"), "sync", "funnels", "keywordsync"),
        ),
    ),
    (
        _("Cards"),
        (
            (_("Card status"), "credit_card", "carddata", "cardstatus"),
            (_("Partner files"), "upload_file", "carddata", "partnerfile"),
            (_("Rejected rows"), "rule", "carddata", "rejectedrow"),
            (_("Partners"), "local_shipping", "carddata", "partner"),
            (_("Notices"), "notifications", "carddata", "staffnotice"),
            (_("Lookups"), "visibility", "carddata", "cardaccess"),
        ),
    ),
    (
        _("Customer 360"),
        (
            (
                _("Dashboard"),
                "monitoring",
                "customer360",
                "customerprofile",
                "customer360_dashboard",
            ),
            (_("Profiles"), "account_circle", "customer360", "customerprofile"),
            (_("Segments"), "bookmarks", "customer360", "segment"),
            (_("Likely duplicates"), "difference", "customer360", "duplicatecandidate"),
            (_("Purchases"), "shopping_cart", "customer360", "purchase"),
            (_("Products"), "inventory_2", "customer360", "product"),
            (_("Service cases"), "support_agent", "customer360", "serviceinteraction"),
            (_("Campaigns"), "campaign", "customer360", "campaign"),
            (_("Campaign responses"), "mark_email_read", "customer360", "campaignresponse"),
            (_("Website visits"), "web", "customer360", "websitevisit"),
            (_("Customer records"), "contacts", "customer360", "customerrecord"),
        ),
    ),
    (
        _("Operations"),
        (
            (_("What runs"), "play_circle", "operations", "operations", "operations_overview"),
            (_("System"), "monitor_heart", "operations", "health", "operations_system"),
            (_("My exports"), "download", "exports", "exportjob", "exports_mine"),
            (_("My imports"), "upload", "imports", "importjob", "imports_mine"),
            (_("Approvals"), "fact_check", "access", "approval"),
            (_("Data requests"), "policy", "privacy", "datarequest"),
            (_("Archive files"), "inventory", "conversations", "rawfile"),
            (_("Inbox"), "inbox", "conversations", "inboundevent"),
            (_("Lines"), "call", "conversations", "line"),
            (_("Sendings"), "outbox", "conversations", "sending"),
            (_("Error codes"), "error", "conversations", "errormeaning"),
            (_("Refused signatures"), "gpp_bad", "conversations", "signaturerefusal"),
            (_("Profile builds"), "construction", "customer360", "profilebuild"),
            (_("CDP loads"), "upload_file", "customer360", "cdpload"),
            (_("Set-aside rows"), "rule", "customer360", "setasiderow"),
            (_("Identity changes"), "call_merge", "conversations", "identitychange"),
            (_("Shared values"), "group_off", "conversations", "sharedvalue"),
            (_("Schedules"), "schedule", "django_celery_beat", "periodictask"),
            (_("API keys"), "vpn_key", "access", "apikey"),
            (_("Audit trail"), "policy", "audit", "auditentry"),
            (_("Staff"), "badge", "auth", "user"),
            (_("Roles"), "shield", "auth", "group"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The sections with the links that the signed-in person may open."""
    sections = []
    for title, links in SECTIONS:
        items = [
            {
                "title": name,
                "icon": icon,
                "link": reverse_lazy(f"admin:{page[0] if page else f'{app}_{model}_changelist'}"),
            }
            for name, icon, app, model, *page in links
            if request.user.has_perm(f"{app}.{page[1] if page[1:] else f'view_{model}'}")
        ]
        _note_waiting(request, items)
        if items:
            sections.append({"title": title, "separator": True, "items": items})
    _mark_current(request, sections)
    return sections


def _note_waiting(request: HttpRequest, items: list[dict[str, Any]]) -> None:
    """How many deeds wait for this person's word, beside the link."""
    for item in items:
        if item["icon"] == "fact_check" and (number := waiting_for(request.user).count()):
            item["badge"] = str(number)


def _mark_current(request: HttpRequest, sections: list[dict[str, Any]]) -> None:
    """The one link whose address begins the page's, the longest of them where several do."""
    items = [item for section in sections for item in section["items"]]
    path = request.path
    # A customer's page lies under the profiles, but whoever is there has looked for the customer.
    pages = reverse("admin:customer360_customer", args=[0]).removesuffix("0/")
    if path.startswith(pages):
        path = reverse("admin:customer360_find")
    within = [str(item["link"]) for item in items if path.startswith(str(item["link"]))]
    current = max(within, key=len, default="")
    for item in items:
        item["active"] = str(item["link"]) == current


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """What the menu behind one's own name offers."""
    return [
        {
            "title": gettext("Language, sign-in and API keys"),
            "link": reverse_lazy("admin:access_account"),
        }
    ]
