"""How the staff's pages look: settings of the admin theme."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Funnel Site",
    "SITE_HEADER": "Funnel Site",
    "SITE_SUBHEADER": "Chat to customer",
    "SITE_SYMBOL": "forum",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": reverse_lazy("admin:access_account_language")},
    "SCRIPTS": [
        lambda request: static("funnel_site/zone.js"),
        lambda request: static("funnel_site/labels.js"),
    ],
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("funnel_site/icon.svg"),
        }
    ],
    "LOGIN": {"form": "funnel_site.access.forms.SignInForm"},
    "ACCOUNT": {"navigation": "funnel_site.navigation.account"},
    "STYLES": [lambda request: static("funnel_site/staff.css")],
    "SIDEBAR": {"show_search": True, "navigation": "funnel_site.navigation.sidebar"},
}
