"""The admin's sidebar: what each kind of staff looks for, in their words."""

from functools import cache
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from funnel_site.access.approvals import waiting_for

# A model's list: icon, app, model; its name is the model's. Any other page: name, icon, app, model, page,
# and its permission where it is not the one to view the model.
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
            ("forum", "conversations", "room"),
            ("group", "conversations", "customer"),
            ("chat", "conversations", "message"),
            ("description", "conversations", "messagetemplate"),
            ("quickreply", "conversations", "cannedanswer"),
            ("bolt", "conversations", "macro"),
            ("label", "conversations", "label"),
            ("groups", "conversations", "team"),
        ),
    ),
    (
        _("Reviews"),
        (
            ("reviews", "reviews", "review"),
            (_("Products to match"), "rule", "reviews", "review", "reviews_review_waiting"),
            ("inventory_2", "reviews", "catalogueproduct"),
            ("campaign", "reviews", "campaign"),
            ("outgoing_mail", "reviews", "invitation"),
            ("smart_toy", "reviews", "botwords"),
        ),
    ),
    (
        _("Funnel"),
        (
            ("filter_alt", "funnels", "funnel"),
            ("key", "funnels", "keyword"),
            ("sync", "funnels", "keywordsync"),
        ),
    ),
    (
        _("Cards"),
        (
            ("credit_card", "carddata", "cardstatus"),
            ("upload_file", "carddata", "partnerfile"),
            ("rule", "carddata", "rejectedrow"),
            ("local_shipping", "carddata", "partner"),
            ("notifications", "carddata", "staffnotice"),
            ("visibility", "carddata", "cardaccess"),
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
            ("account_circle", "customer360", "customerprofile"),
            ("bookmarks", "customer360", "segment"),
            ("difference", "customer360", "duplicatecandidate"),
            ("shopping_cart", "customer360", "purchase"),
            ("inventory_2", "customer360", "product"),
            ("support_agent", "customer360", "serviceinteraction"),
            ("campaign", "customer360", "campaign"),
            ("mark_email_read", "customer360", "campaignresponse"),
            ("web", "customer360", "websitevisit"),
            ("contacts", "customer360", "customerrecord"),
        ),
    ),
    (
        _("Operations"),
        (
            (_("What runs"), "play_circle", "operations", "operations", "operations_overview"),
            (_("System"), "monitor_heart", "operations", "health", "operations_system"),
            (_("My exports"), "download", "exports", "exportjob", "exports_mine"),
            (_("My imports"), "upload", "imports", "importjob", "imports_mine"),
            ("fact_check", "access", "approval"),
            ("policy", "privacy", "datarequest"),
            ("inventory", "conversations", "rawfile"),
            ("inbox", "conversations", "inboundevent"),
            ("call", "conversations", "line"),
            ("outbox", "conversations", "sending"),
            ("error", "conversations", "errormeaning"),
            ("gpp_bad", "conversations", "signaturerefusal"),
            ("construction", "customer360", "profilebuild"),
            ("upload_file", "customer360", "cdpload"),
            ("rule", "customer360", "setasiderow"),
            ("call_merge", "conversations", "identitychange"),
            ("group_off", "conversations", "sharedvalue"),
            ("schedule", "django_celery_beat", "periodictask"),
            ("vpn_key", "access", "apikey"),
            ("policy", "audit", "auditentry"),
            ("badge", "auth", "user"),
            ("shield", "auth", "group"),
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
                "link": _address(page[0] if page else f"{app}_{model}_changelist"),
            }
            for name, icon, app, model, *page in map(_named, links)
            if request.user.has_perm(f"{app}.{page[1] if page[1:] else f'view_{model}'}")
        ]
        _note_waiting(request, items)
        if items:
            sections.append({"title": title, "separator": True, "items": items})
    _mark_current(request, sections)
    return sections


@cache
def _address(page: str) -> str:
    """The sidebar has sixty links, and each is asked for several times a page."""
    return reverse(f"admin:{page}")


def _named(link: tuple[Any, ...]) -> tuple[Any, ...]:
    """A link with its name; a model's list is called as its title and its breadcrumb are."""
    if len(link) > 3:
        return link
    return (capfirst(apps.get_model(*link[1:])._meta.verbose_name_plural), *link)


def _note_waiting(request: HttpRequest, items: list[dict[str, Any]]) -> None:
    """How many deeds wait for this person's word, beside the link."""
    for item in items:
        if item["icon"] == "fact_check" and (number := waiting_for(request.user).count()):
            item["badge"] = str(number)


def _mark_current(request: HttpRequest, sections: list[dict[str, Any]]) -> None:
    """The one link whose address begins the page's, the longest of them where several do."""
    items = [item for section in sections for item in section["items"]]
    path = request.path
    customers = reverse("admin:customer360_customer", args=[0]).removesuffix("0/")
    # A customer's page lies under the profiles, but whoever is there has looked for the customer.
    if path.startswith(customers):
        path = reverse("admin:customer360_find")
    if path.startswith(reverse("admin:imports_importjob_changelist")):
        path = reverse("admin:imports_mine")
    within = [item["link"] for item in items if path.startswith(item["link"])]
    current = max(within, key=len, default="")
    for item in items:
        item["active"] = item["link"] == current


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """What the menu behind one's own name offers."""
    return [
        {
            "title": gettext("Language, sign-in and API keys"),
            "link": reverse_lazy("admin:access_account"),
        }
    ]
