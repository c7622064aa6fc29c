"""The catalogue of products that reviews may be about: kept by hand, by file, or by the shop."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from funnel_site.lib.importing import ImportList
from funnel_site.lib.paging import counted_beside, number_beside
from funnel_site.lib.staff import StaffAdmin, action, confirmed, display
from reviews.models import CatalogueProduct, Review
from reviews.resources import CatalogueProductResource
from reviews.services.catalogue import match_waiting, save_product


@admin.register(CatalogueProduct)
class CatalogueProductAdmin(ImportList, StaffAdmin):
    few_rows = True
    resource_classes = [CatalogueProductResource]
    list_display = ("name", "other_names", "is_active", "source", "reviewed")
    list_filter = ("is_active", "source")
    search_fields = ("name", "aliases")
    search_help_text = _("Name or another name")
    fields = ("name", "aliases", "is_active")
    ordering = ("name",)
    actions_list = ("match_waiting_reviews",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CatalogueProduct]:
        rows: QuerySet[CatalogueProduct] = super().get_queryset(request)
        own = Review.objects.filter(product=OuterRef("pk"))
        return rows.annotate(number_of_reviews=counted_beside(own))

    def save_model(
        self, request: HttpRequest, obj: CatalogueProduct, form: Any, change: Any
    ) -> None:
        save_product(obj)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Reviews are about it: a product is switched off, not removed."""
        return False

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reviews.add_catalogueproduct")

    def has_match_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("reviews.change_review")

    @action(
        description=_("Match waiting reviews"), permissions=["match"], icon="published_with_changes"
    )
    @confirmed
    def match_waiting_reviews(self, request: HttpRequest) -> HttpResponse:
        """Reviews from before a product was here find it, where they call it just so."""
        number = match_waiting()
        words = ngettext("%d review is matched now.", "%d reviews are matched now.", number)
        self.message_user(request, words % number)
        return redirect("admin:reviews_catalogueproduct_changelist")

    @display(description=_("Other names"))
    def other_names(self, product: CatalogueProduct) -> str:
        names = ", ".join(product.aliases.splitlines())
        return names if len(names) <= 80 else f"{names[:79]}…"

    @display(description=_("Reviews"), ordering="number_of_reviews")
    def reviewed(self, product: Any) -> str:
        return number_beside(product.number_of_reviews)
