"""Every address of the site. Machines' addresses answer with and without a trailing slash."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from conversations.api import EventView, MessagesView, RoomsView
from conversations.webhooks import receive_message
from funnel_site.doors import receive_either
from funnel_site.health import LiveView, ReadyView
from funnels.api import FunnelReportView, KeywordSyncView
from reviews.api import ReviewsView
from reviews.webhooks import receive_inbound, receive_status

handler400 = "funnel_site.lib.problems.bad_request"
handler404 = "funnel_site.lib.problems.not_found"
handler500 = "funnel_site.lib.problems.server_error"

urlpatterns = [
    path("", login_not_required(RedirectView.as_view(pattern_name="admin:index")), name="home"),
    path(
        "favicon.ico",
        login_not_required(RedirectView.as_view(url="/static/funnel_site/icon.svg")),
    ),
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
    re_path(r"^webhooks/messages/?$", receive_message, name="webhook-messages"),
    re_path(r"^webhooks/twilio/inbound/?$", receive_inbound, name="twilio-inbound"),
    re_path(r"^webhooks/twilio/status/?$", receive_status, name="twilio-status"),
    re_path(r"^twilio-status-callback/?$", receive_status, name="twilio-status-alias"),
    re_path(r"^webhook/?$", receive_either, name="webhook"),
    re_path(r"^api/schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^docs/?$", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    re_path(r"^healthz/?$", LiveView.as_view(), name="live"),
    re_path(r"^(?:health|readyz)/?$", ReadyView.as_view(), name="ready"),
]
