"""Every address of the site. Machines' addresses answer with and without a trailing slash."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from carddata.api import CardHistoryView, CardStatusView, CardsView
from conversations.api import EventView, MessagesView, RoomsView
from conversations.webhooks import lend_file, receive_message
from customer360.api import (
    FiguresView,
    KpisView,
    ProfileView,
    TopCustomersView,
    WelcomeView,
    picture_view,
)
from customer360.figures import TRACES
from funnel_site.audit.reveal import reveal_view
from funnel_site.doors import receive_either
from funnel_site.health import LiveView, ReadyView
from funnels.api import FunnelReportView, KeywordSyncView
from reviews.api import ReviewsView
from reviews.webhooks import receive_inbound, receive_status

handler400 = "funnel_site.lib.problems.bad_request"
handler403 = "funnel_site.lib.problems.not_allowed"
handler404 = "funnel_site.lib.problems.not_found"
handler500 = "funnel_site.lib.problems.server_error"


def home(request: HttpRequest) -> HttpResponseBase:
    """The admin for a person's browser, the API's welcome for a program that asks for JSON."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return WelcomeView.as_view(schema=None)(request)
    return redirect("admin:index")


def figure_paths() -> list[URLPattern]:
    """The figures under /api/, and under the first dashboard's own paths."""
    views: dict[str, type[FiguresView]] = {
        "kpis": KpisView,
        "top_customers": TopCustomersView,
        **{key: picture_view(key) for key in TRACES},
    }
    paths = []
    for key, view in views.items():
        paths += [
            re_path(rf"^api/{key}/?$", view.as_view(), name=key),
            re_path(rf"^{key}/?$", view.as_view(schema=None), name=f"{key}-alias"),
        ]
    return paths


urlpatterns = [
    # The busiest first: addresses are tried in their order.
    re_path(r"^webhooks/messages/?$", receive_message, name="webhook-messages"),
    re_path(r"^webhooks/twilio/inbound/?$", receive_inbound, name="twilio-inbound"),
    re_path(r"^webhooks/twilio/status/?$", receive_status, name="twilio-status"),
    re_path(r"^twilio-status-callback/?$", receive_status, name="twilio-status-alias"),
    re_path(r"^webhook/?$", receive_either, name="webhook"),
    path("sent-files/<str:token>/<str:name>", lend_file, name="sent-file"),
    path("", login_not_required(home), name="home"),
    path(
        "favicon.ico",
        login_not_required(RedirectView.as_view(url="/static/funnel_site/icon.svg")),
    ),
    path("admin/reveal/<str:label>/<int:key>/", admin.site.admin_view(reveal_view), name="reveal"),
    path("admin/", admin.site.urls),
    re_path(r"^api/rooms/?$", RoomsView.as_view(), name="rooms"),
    re_path(r"^api/messages/?$", MessagesView.as_view(), name="messages"),
    re_path(r"^api/events/(?P<event_id>[0-9]{1,18})/?$", EventView.as_view(), name="event"),
    re_path(r"^api/funnel-report/?$", FunnelReportView.as_view(), name="funnel-report"),
    re_path(
        r"^funnel-report/?$", FunnelReportView.as_view(schema=None), name="funnel-report-alias"
    ),
    re_path(r"^api/keywords/sync/?$", KeywordSyncView.as_view(), name="keyword-sync"),
    re_path(r"^api/reviews/?$", ReviewsView.as_view(), name="reviews"),
    re_path(r"^reviews/?$", ReviewsView.as_view(schema=None), name="reviews-alias"),
    re_path(r"^api/cards/?$", CardsView.as_view(), name="cards"),
    re_path(
        r"^api/cards/(?P<card_id>[^/]+)/status/?$", CardStatusView.as_view(), name="card-status"
    ),
    re_path(
        r"^api/cards/(?P<card_id>[^/]+)/history/?$", CardHistoryView.as_view(), name="card-history"
    ),
    re_path(
        r"^get_card_status/(?P<card_id>[^/]+)/?$",
        CardStatusView.as_view(schema=None),
        name="card-status-alias",
    ),
    re_path(r"^api/?$", WelcomeView.as_view(), name="welcome"),
    *figure_paths(),
    re_path(
        r"^api/customers/(?P<customer_id>[0-9]{1,18})/profile/?$",
        ProfileView.as_view(),
        name="customer-profile",
    ),
    re_path(r"^api/schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^docs/?$", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    re_path(r"^healthz/?$", LiveView.as_view(), name="live"),
    re_path(r"^(?:health|readyz)/?$", ReadyView.as_view(), name="ready"),
]
