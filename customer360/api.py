"""The dashboard's figures and a customer's profile, for machines and for staff."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customer360.fields import FIELDS
from customer360.figures import plain, plotly
from customer360.metrics import PICTURES
from customer360.models import CustomerProfile
from customer360.periods import Period
from customer360.selectors.answers import Answer, Built, current_build, one_snapshot
from customer360.selectors.customers import profile_of
from customer360.selectors.figures import TOP, answer
from customer360.wording import churn_words, score_words
from funnel_site.access.permissions import ScopeOrStaff
from funnel_site.lib.masking import shown_name
from funnel_site.lib.parameters import Parameters
from funnel_site.lib.problems import Problem, ProblemSerializer

MOST = 100
DAYS = [
    OpenApiParameter("date_from", OpenApiTypes.DATE, description="First day, included"),
    OpenApiParameter("date_to", OpenApiTypes.DATE, description="Last day, included"),
]
REFUSALS = {400: ProblemSerializer, 401: ProblemSerializer, 403: ProblemSerializer}


class MarkSerializer(serializers.Serializer[Any]):
    """The newest row of a source, in the order in which rows came, and its own day."""

    newest_row = serializers.IntegerField()
    day = serializers.DateField(allow_null=True)


class BuildSerializer(serializers.Serializer[Any]):
    """Which build the figures are of."""

    id = serializers.IntegerField()
    as_of = serializers.DateField(allow_null=True)
    finished_at = serializers.CharField(allow_blank=True)
    is_stale = serializers.BooleanField()
    sources = serializers.DictField(
        child=MarkSerializer(), help_text="Up to which row each source was read"
    )


class FiguresView(APIView):
    """What the figures have in common: who may ask, and for which days."""

    permission_classes = [ScopeOrStaff]
    scope = "profiles"
    staff_permission = "customer360.view_customerprofile"
    figure = ""
    known = frozenset({"date_from", "date_to"})

    def read(self, request: Request) -> tuple[Answer, Built, Parameters]:
        """The answer to what is asked; raises Problem naming a wrong parameter."""
        parameters = Parameters(request.query_params, repeatable=frozenset(), known=self.known)
        date_from, date_to = parameters.days()
        period = Period(date_from=date_from, date_to=date_to)
        limit = TOP
        if "limit" in self.known:
            limit = parameters.whole_number("limit", default=TOP, most=MOST)
        with one_snapshot():
            built = current_build()
            found = answer(self.figure, period, built=built, limit=limit)
        return found, built, parameters


def stamped(body: Any, built: Built) -> Response:
    """The answer with its build in the headers, where a bare list has no other place for it."""
    headers = {"X-Build-Id": str(built.id)}
    if built.as_of:
        headers["X-As-Of"] = built.as_of.isoformat()
    return Response(body, headers=headers)


class WelcomeView(APIView):
    """What there is to ask."""

    permission_classes = [ScopeOrStaff]
    scope = "profiles"
    staff_permission = "customer360.view_customerprofile"

    class Welcome(serializers.Serializer[Any]):
        message = serializers.CharField()
        endpoints = serializers.ListField(child=serializers.CharField())
        build = BuildSerializer()

    @extend_schema(
        operation_id="welcome",
        responses={200: Welcome, 401: ProblemSerializer, 403: ProblemSerializer},
    )
    def get(self, request: Request) -> Response:
        paths = ["/api/kpis", *(figure.endpoint for figure in PICTURES)]
        built = current_build()
        body = {
            "message": "Welcome to the Customer 360 API",
            "endpoints": [*paths, "/api/customers/{customer_id}/profile"],
            "build": built.as_json(),
        }
        return stamped(body, built)


class KpisView(FiguresView):
    """Customers, lifetime value, average order value and retention."""

    figure = "kpis"

    class Kpis(serializers.Serializer[Any]):
        total_customers = serializers.IntegerField()
        total_lifetime_value = serializers.FloatField()
        average_order_value = serializers.FloatField(allow_null=True)
        retention_rate = serializers.FloatField(allow_null=True, help_text="Per cent, (E-N)/S")
        repeat_purchase_rate = serializers.FloatField(allow_null=True, help_text="Per cent")
        currency = serializers.CharField()
        change = serializers.DictField(child=serializers.FloatField(allow_null=True))
        basis = serializers.DictField(child=serializers.FloatField())
        build = BuildSerializer()

    @extend_schema(operation_id="kpis", parameters=DAYS, responses={200: Kpis, **REFUSALS})
    def get(self, request: Request) -> Response:
        found, built, _ = self.read(request)
        values = {name: plain(value) for name, value in found.values.items()}
        named = (
            "total_customers",
            "total_lifetime_value",
            "average_order_value",
            "retention_rate",
            "repeat_purchase_rate",
        )
        body = {
            **{name: values.pop(name) for name in named},
            "currency": values.pop("currency"),
            "change": values.pop("change"),
            "basis": values,
            "build": built.as_json(),
        }
        return stamped(body, built)


class PictureView(FiguresView):
    """A picture: its rows as they are, and as a Plotly figure (`data`, `layout`)."""

    class Picture(serializers.Serializer[Any]):
        def get_fields(self) -> dict[str, Any]:
            return {
                "results": serializers.ListField(child=serializers.DictField()),
                "next": serializers.CharField(allow_null=True),
                "data": serializers.ListField(child=serializers.DictField()),
                "layout": serializers.DictField(),
                "build": BuildSerializer(),
            }

    def get(self, request: Request) -> Response:
        found, built, _ = self.read(request)
        body = {
            "results": [{name: plain(one) for name, one in row.items()} for row in found.rows],
            "next": None,
            **{name: plain(one) for name, one in found.values.items()},
            **plotly(found.figure, found.definition.title, found.rows, found.values),
            "build": built.as_json(),
        }
        return stamped(body, built)


def picture_view(key: str) -> type[PictureView]:
    """The view of one picture, described under its own name."""
    made = type(f"{key.title().replace('_', '')}View", (PictureView,), {"figure": key})
    described = extend_schema(
        operation_id=key, parameters=DAYS, responses={200: PictureView.Picture, **REFUSALS}
    )
    made.get = described(lambda self, request: PictureView.get(self, request))  # type: ignore[attr-defined]
    return made


class TopCustomersView(FiguresView):
    """The customers who have brought the most, as a bare list."""

    figure = "top_customers"
    known = frozenset({"date_from", "date_to", "limit"})

    class TopCustomer(serializers.Serializer[Any]):
        customer_id = serializers.IntegerField()
        first_name = serializers.CharField()
        last_name = serializers.CharField()
        total_lifetime_value = serializers.FloatField()
        currency = serializers.CharField()
        total_purchases = serializers.IntegerField()
        customer_segment = serializers.CharField()

    @extend_schema(
        operation_id="top_customers",
        parameters=[*DAYS, OpenApiParameter("limit", int, description=f"1 to {MOST}; {TOP}")],
        responses={200: TopCustomer(many=True), **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        found, built, _ = self.read(request)
        return stamped(
            [{name: plain(one) for name, one in row.items()} for row in found.rows], built
        )


class ProfileView(APIView):
    """Everything known of one customer, with the scores in words."""

    permission_classes = [ScopeOrStaff]
    scope = "profiles"
    staff_permission = "customer360.view_customerprofile"

    class Profile(serializers.Serializer[Any]):
        customer_id = serializers.IntegerField()
        name = serializers.CharField(allow_blank=True)
        profile = serializers.DictField()
        words = serializers.DictField(child=serializers.CharField())
        build = BuildSerializer()

    @extend_schema(
        operation_id="customer_profile",
        parameters=[OpenApiParameter("customer_id", int, OpenApiParameter.PATH)],
        responses={
            200: Profile,
            401: ProblemSerializer,
            403: ProblemSerializer,
            404: ProblemSerializer,
        },
    )
    def get(self, request: Request, customer_id: str) -> Response:
        with one_snapshot():
            built = current_build()
            profile = profile_of(int(customer_id))
        if profile is None:
            raise Problem(404, "not_found", f"Customer {customer_id} has no profile.")
        return stamped(profile_json(profile, built), built)


def profile_json(profile: CustomerProfile, built: Built) -> dict[str, Any]:
    """A profile as JSON: the dictionary's fields under their names, and what they mean in words."""
    return {
        "customer_id": profile.pk,
        "name": shown_name(profile.customer.name),
        "profile": {one.key: plain(getattr(profile, one.key)) for one in FIELDS},
        "words": {
            "churn_risk": churn_words(profile, built.as_of),
            "scores": score_words(profile),
        },
        "build": built.as_json(),
    }
