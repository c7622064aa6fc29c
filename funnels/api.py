"""The funnel report and the keyword sync, for machines and for staff."""

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.timezone import now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from funnel_site.access.permissions import ScopeOrStaff
from funnel_site.lib.keyset import newest_first
from funnel_site.lib.masking import shown_row
from funnel_site.lib.problems import Problem, ProblemSerializer
from funnels.report import DATE_FIELDS, PROFILES, ReportRequest, read_request
from funnels.selectors import known_channels, report_csv, report_rows, report_totals, row_of
from funnels.services.keywords import SyncRunningError, request_keyword_sync

DAY_PARAMETERS = [
    OpenApiParameter("date_from", OpenApiTypes.DATE, description="First day, in TIME_ZONE"),
    OpenApiParameter("date_to", OpenApiTypes.DATE, description="Last day, included"),
    OpenApiParameter("date_field", str, enum=DATE_FIELDS, description="Which date is meant"),
]
PARAMETERS = [
    *DAY_PARAMETERS,
    OpenApiParameter("channel", str, many=True, description="Several are a union"),
    OpenApiParameter("stage", str, many=True, enum=("lead", "booking", "transaction")),
    OpenApiParameter("phone", str, description="In any format"),
    OpenApiParameter("updated_since", OpenApiTypes.DATETIME),
    OpenApiParameter("all_cycles", str, enum=("0", "1"), description="1: also earlier cycles"),
    OpenApiParameter(
        "first_contacts", str, enum=("0", "1"), description="0: leave out leads without a keyword"
    ),
    OpenApiParameter("totals", str, enum=("0", "1"), description="Totals come with the first page"),
    OpenApiParameter("cursor", str, description="The `next` of the page before"),
    OpenApiParameter("page_size", int, description="1 to 1,000; 100 where not given"),
    OpenApiParameter("format", str, enum=("json", "csv")),
    OpenApiParameter(
        "profile", str, enum=PROFILES, description="Of the CSV: guarded, or unaltered"
    ),
]


class FunnelReportView(APIView):
    """Leads, bookings and transactions: rows newest first, totals, or the whole as CSV."""

    permission_classes = [ScopeOrStaff]
    scope = "report"
    staff_permission = "funnels.view_funnel"

    class Row(serializers.Serializer[Any]):
        leads_date = serializers.DateTimeField()
        channel = serializers.CharField()
        phone_number = serializers.CharField(allow_null=True)
        booking_date = serializers.DateTimeField(allow_null=True)
        transaction_date = serializers.DateTimeField(allow_null=True)
        transaction_value = serializers.FloatField(allow_null=True)
        currency = serializers.CharField(allow_blank=True)
        stage = serializers.CharField()
        room_id = serializers.CharField()
        cycle = serializers.IntegerField()
        keyword = serializers.CharField(allow_blank=True)
        lead_basis = serializers.CharField()
        anomalies = serializers.ListField(child=serializers.CharField())
        is_corrected = serializers.BooleanField()
        updated_at = serializers.DateTimeField()

    class Figures(serializers.Serializer[Any]):
        leads = serializers.IntegerField()
        bookings = serializers.IntegerField()
        transactions = serializers.IntegerField()
        value = serializers.DictField(child=serializers.CharField())
        lead_to_booking = serializers.FloatField(allow_null=True)
        booking_to_transaction = serializers.FloatField(allow_null=True)
        lead_to_transaction = serializers.FloatField(allow_null=True)

    class Report(serializers.Serializer[Any]):
        def get_fields(self) -> dict[str, Any]:
            view = FunnelReportView
            return {
                "results": view.Row(many=True),
                "next": serializers.CharField(allow_null=True),
                "totals": view.Figures(required=False),
                "by_channel": serializers.ListField(child=serializers.DictField(), required=False),
                "by_day": serializers.ListField(child=serializers.DictField(), required=False),
                "not_applied": serializers.DictField(required=False),
            }

    @extend_schema(
        operation_id="funnel_report",
        parameters=PARAMETERS,
        responses={
            200: Report,
            (200, "text/csv"): OpenApiTypes.STR,
            400: ProblemSerializer,
            401: ProblemSerializer,
            403: ProblemSerializer,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        zone = ZoneInfo(settings.TIME_ZONE)
        wanted = read_request(request.query_params, zone=zone, region=settings.PHONE_REGION)
        if set(wanted.query.channels) - known_channels():
            raise Problem(400, "unknown", "There is no such channel.", field="channel")
        if wanted.format == "csv":
            # To carry people off takes more than to see them: read by the masking of what is streamed.
            request._request.is_for_a_file = True  # type: ignore[attr-defined]
            return csv_answer(wanted, zone)
        return Response(self._page(wanted, zone))

    def _page(self, wanted: ReportRequest, zone: ZoneInfo) -> dict[str, Any]:
        rows = report_rows(wanted.query).select_related("room", "customer", "keyword")
        page, cursor = newest_first(
            rows,
            by="leads_date",
            cursor=wanted.cursor,
            page_size=wanted.page_size,
            salt=f"funnel-report:{wanted.query.digest}",
        )
        answer: dict[str, Any] = {
            "results": [shown_row(row_of(funnel, zone)) for funnel in page],
            "next": cursor or None,
        }
        if wanted.totals and not wanted.cursor:
            answer |= report_totals(wanted.query, zone)
        return answer


def csv_answer(wanted: ReportRequest, zone: ZoneInfo) -> StreamingHttpResponse:
    """The whole report as a streamed download; its name says filter, profile and time."""
    name = f"funnel-report-{wanted.query.digest}-{wanted.profile}-{now():%Y%m%dT%H%M%SZ}.csv"
    return StreamingHttpResponse(
        report_csv(wanted.query, zone=zone, profile=wanted.profile),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


class KeywordSyncView(APIView):
    """Start a keyword sync."""

    permission_classes = [ScopeOrStaff]
    scope = "keywords"
    staff_permission = "funnels.change_keyword"
    parser_classes = []

    class SyncAnswer(serializers.Serializer[Any]):
        sync_id = serializers.IntegerField()
        state = serializers.CharField()
        added = serializers.IntegerField()
        changed = serializers.IntegerField()
        removed = serializers.IntegerField()
        unchanged = serializers.IntegerField()
        rejected = serializers.ListField(child=serializers.CharField())
        error = serializers.CharField(allow_blank=True)

    @extend_schema(
        operation_id="sync_keywords",
        request=None,
        responses={
            200: OpenApiResponse(SyncAnswer, "Done at once, on a site without a broker"),
            202: OpenApiResponse(SyncAnswer, "Begun; see the list of syncs"),
            401: ProblemSerializer,
            403: ProblemSerializer,
            409: ProblemSerializer,
        },
    )
    def post(self, request: Request) -> Response:
        try:
            sync = request_keyword_sync()
        except SyncRunningError as error:
            raise Problem(409, "sync_running", "A keyword sync is running.") from error
        body = {
            "sync_id": sync.pk,
            "state": sync.state,
            "added": sync.added,
            "changed": sync.changed,
            "removed": sync.removed,
            "unchanged": sync.unchanged,
            "rejected": sync.rejected,
            "error": sync.error,
        }
        return Response(body, status=202 if sync.state == "running" else 200)
