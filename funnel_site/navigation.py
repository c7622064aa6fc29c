"""The admin's sidebar: what each kind of staff looks for, in their words."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy

# Name, icon, app, model, and the page where it is not the model's list.
SECTIONS: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    (
        "Conversations",
        (
            ("Queue", "move_to_inbox", "conversations", "room", "customer360_queue"),
            ("Find a customer", "search", "conversations", "customer", "customer360_find"),
            ("Rooms", "forum", "conversations", "room"),
            ("Customers", "group", "conversations", "customer"),
            ("Messages", "chat", "conversations", "message"),
            ("Templates", "description", "conversations", "messagetemplate"),
            ("Canned answers", "quickreply", "conversations", "cannedanswer"),
        ),
    ),
    (
        "Reviews",
        (
            ("Reviews", "reviews", "reviews", "review"),
            ("Campaigns", "campaign", "reviews", "campaign"),
            ("Invitations", "outgoing_mail", "reviews", "invitation"),
            ("Bot's words", "smart_toy", "reviews", "botwords"),
        ),
    ),
    (
        "Funnel",
        (
            ("Funnels", "filter_alt", "funnels", "funnel"),
            ("Keywords", "key", "funnels", "keyword"),
            ("Keyword syncs", "sync", "funnels", "keywordsync"),
        ),
    ),
    (
        "Cards",
        (
            ("Card status", "credit_card", "carddata", "cardstatus"),
            ("Partner files", "upload_file", "carddata", "partnerfile"),
            ("Rejected rows", "rule", "carddata", "rejectedrow"),
            ("Partners", "local_shipping", "carddata", "partner"),
            ("Notices", "notifications", "carddata", "staffnotice"),
            ("Lookups", "visibility", "carddata", "cardaccess"),
        ),
    ),
    (
        "Customer 360",
        (
            ("Dashboard", "monitoring", "customer360", "customerprofile", "customer360_dashboard"),
            ("Profiles", "account_circle", "customer360", "customerprofile"),
            ("Segments", "bookmarks", "customer360", "segment"),
            ("Likely duplicates", "difference", "customer360", "duplicatecandidate"),
            ("Purchases", "shopping_cart", "customer360", "purchase"),
            ("Products", "inventory_2", "customer360", "product"),
            ("Service cases", "support_agent", "customer360", "serviceinteraction"),
            ("Campaigns", "campaign", "customer360", "campaign"),
            ("Campaign responses", "mark_email_read", "customer360", "campaignresponse"),
            ("Website visits", "web", "customer360", "websitevisit"),
            ("Customer records", "contacts", "customer360", "customerrecord"),
        ),
    ),
    (
        "Operations",
        (
            ("What runs", "play_circle", "operations", "operations", "operations_overview"),
            ("System", "monitor_heart", "operations", "operations", "operations_system"),
            ("My exports", "download", "exports", "exportjob", "exports_mine"),
            ("Data requests", "policy", "privacy", "datarequest"),
            ("Archive files", "inventory", "conversations", "rawfile"),
            ("Inbox", "inbox", "conversations", "inboundevent"),
            ("Lines", "call", "conversations", "line"),
            ("Sendings", "outbox", "conversations", "sending"),
            ("Error codes", "error", "conversations", "errormeaning"),
            ("Refused signatures", "gpp_bad", "conversations", "signaturerefusal"),
            ("Profile builds", "construction", "customer360", "profilebuild"),
            ("CDP loads", "upload_file", "customer360", "cdpload"),
            ("Set-aside rows", "rule", "customer360", "setasiderow"),
            ("Identity changes", "call_merge", "conversations", "identitychange"),
            ("Shared values", "group_off", "conversations", "sharedvalue"),
            ("Schedules", "schedule", "django_celery_beat", "periodictask"),
            ("API keys", "vpn_key", "access", "apikey"),
            ("Audit trail", "policy", "audit", "auditentry"),
            ("Staff", "badge", "auth", "user"),
            ("Roles", "shield", "auth", "group"),
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
            if request.user.has_perm(f"{app}.view_{model}")
        ]
        if items:
            sections.append({"title": title, "separator": True, "items": items})
    _mark_current(request, sections)
    return sections


def _mark_current(request: HttpRequest, sections: list[dict[str, Any]]) -> None:
    """The one link whose address begins the page's, the longest of them where several do."""
    items = [item for section in sections for item in section["items"]]
    within = [str(item["link"]) for item in items if request.path.startswith(str(item["link"]))]
    current = max(within, key=len, default="")
    for item in items:
        item["active"] = str(item["link"]) == current


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """What the menu behind one's own name offers."""
    return [{"title": "Sign-in and API keys", "link": reverse_lazy("admin:access_account")}]
