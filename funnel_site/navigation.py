"""The admin's sidebar: what each kind of staff looks for, in their words."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy

SECTIONS = (
    (
        "Conversations",
        (
            ("Rooms", "forum", "conversations", "room"),
            ("Customers", "group", "conversations", "customer"),
            ("Messages", "chat", "conversations", "message"),
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
        "Operations",
        (
            ("Inbox", "inbox", "conversations", "inboundevent"),
            ("Identity changes", "call_merge", "conversations", "identitychange"),
            ("Schedules", "schedule", "django_celery_beat", "periodictask"),
            ("API keys", "vpn_key", "access", "apikey"),
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
                "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
            }
            for name, icon, app, model in links
            if request.user.has_perm(f"{app}.view_{model}")
        ]
        if items:
            sections.append({"title": title, "separator": True, "items": items})
    return sections
