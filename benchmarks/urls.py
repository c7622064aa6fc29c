"""The site, an empty DRF view open to all, one behind a key, and a view that does one bare INSERT."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from funnel_site.access.permissions import ScopeOrStaff
from funnel_site.urls import urlpatterns as site_urlpatterns


class EmptyView(APIView):
    """What DRF itself costs: no authentication, no body, no work."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    throttle_classes: list[Any] = []

    def post(self, request: Request) -> Response:
        return Response({"ok": True}, status=202)


class EmptyKeyView(APIView):
    """What DRF costs with a key looked up, its scope checked and its calls counted; no work."""

    permission_classes = [ScopeOrStaff]
    scope = "cards"

    def get(self, request: Request) -> Response:
        return Response({"ok": True})


@csrf_exempt
@login_not_required
def bare_insert(request: HttpRequest) -> HttpResponse:
    """What one committed row costs: no check, no parsing, no key."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO benchmark_bare (body) VALUES (%s)", [request.body])
    return JsonResponse({"ok": True}, status=202)


@csrf_exempt
@login_not_required
def empty_form(request: HttpRequest) -> HttpResponse:
    """What taking in a form costs: read, and answered with nothing."""
    return HttpResponse("<Response/>" if request.POST else "", content_type="text/xml")


urlpatterns = [
    path("benchmark/empty-form", empty_form),
    path("benchmark/empty", EmptyView.as_view()),
    path("benchmark/empty-key", EmptyKeyView.as_view()),
    path("benchmark/insert", bare_insert),
    *site_urlpatterns,
]
