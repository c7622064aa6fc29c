"""How the staff's pages look: settings of the admin theme."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

# Tailwind's blue, as the buttons and links of our own pages have it.
BLUE = {
    "50": "oklch(97% .014 254.604)",
    "100": "oklch(93.2% .032 255.585)",
    "200": "oklch(88.2% .059 254.128)",
    "300": "oklch(80.9% .105 251.813)",
    "400": "oklch(70.7% .165 254.624)",
    "500": "oklch(62.3% .214 259.815)",
    "600": "oklch(54.6% .245 262.881)",
    "700": "oklch(48.8% .243 264.376)",
    "800": "oklch(42.4% .199 265.638)",
    "900": "oklch(37.9% .146 265.522)",
    "950": "oklch(28.2% .091 267.935)",
}
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Funnel Site",
    "SITE_HEADER": "Funnel Site",
    "SITE_SUBHEADER": _("Chat to customer"),
    "SITE_SYMBOL": "forum",
    "COLORS": {"primary": BLUE},
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
