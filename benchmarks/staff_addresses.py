"""Which pages of the staff are measured: found from the admin site, so that no list is forgotten."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

EMPTY = "/admin/password_change/"
EMPTY_NAME = "empty page (password change)"
DESK = "/admin/customer360/customerprofile"
MOST_CHOICES = 7
OTHERS = ("auth", "django_celery_beat", "axes", "otp_totp", "otp_static")


@dataclass(frozen=True, slots=True)
class Page:
    """`kind`: list, filter, order, search, desk, row, choice (autocomplete), form or admin."""

    name: str
    kind: str
    address: str


def other_pages(customers: int) -> list[Page]:
    """The pages that are no list, with a customer among all others and one of a long history."""
    from conversations.models import Customer
    from customer360.models import Product

    customer = Customer.objects.get(pk=customers // 4 * 3 + 4)
    long = customers // 10 * 3
    number, name = customer.phone_number, customer.name.split()[1]
    product = Product.objects.order_by("pk").values_list("pk", flat=True).first()
    found = [Page(EMPTY_NAME, "admin", EMPTY)]
    for label, path in {
        "admin's first page": "/admin/",
        "operations": "/admin/operations/taskrun/overview/",
        "operations, system": "/admin/operations/taskrun/system/",
        "dashboard": f"{DESK}/dashboard/",
        "dashboard, sales": f"{DESK}/sales/",
        "dashboard, signals": f"{DESK}/signals/",
        "dashboard, retention": f"{DESK}/retention/",
        "dashboard, segments CSV": f"{DESK}/dashboard/customer_segments.csv",
    }.items():
        found.append(Page(label, "admin", path))
    for label, path in {
        "queue": f"{DESK}/queue/",
        "queue, mine": f"{DESK}/queue/?view=mine",
        "queue, all": f"{DESK}/queue/?view=all",
        "customer page": f"{DESK}/customer/{customer.pk}/",
        "customer page, long history": f"{DESK}/customer/{long}/",
        "customer page, live part": f"{DESK}/customer/{long}/live/",
        "room": f"/admin/conversations/room/{customer.pk}/change/",
        "room, long": f"/admin/conversations/room/{long}/change/",
    }.items():
        found.append(Page(label, "desk", path))
    if older := older_part(long):
        found.append(Page("customer page, older part", "desk", f"{DESK}/customer/{long}/{older}"))
    for label, text in {
        "whole number": f"0{number[3:]}",
        "last eight digits": number[-8:],
        "last four digits": number[-4:],
        "rare part of a name": name[1:6],
        "frequent name": "citra",
        "name that nobody has": "zulkifli",
        "e-mail": f"p{customers // 2}@example.com",
        "room id": f"room-{customer.pk}",
        "card id": f"C{customers // 4:011}",
        "nothing but a letter": "a",
        "per cent": "%",
    }.items():
        found.append(Page(f"search: {label}", "search", f"{DESK}/search/?q={quote(text)}"))
    assert product
    return found


def older_part(customer: int) -> str:
    """The query of the second page of a customer's timeline."""
    from django.contrib.auth.models import User

    from customer360.selectors.timeline import timeline

    _, older = timeline(customer, user=User.objects.filter(is_superuser=True)[0])
    return f"?{urlencode({'before': older})}" if older else ""


def list_pages(user: Any, tables: Collection[str] = ()) -> Iterator[Page]:
    """Every list that the user may see, with its filters, orders, searches, forms and one row."""
    from django.contrib import admin
    from django.test import RequestFactory
    from django.urls import reverse

    # Ours first; the tables of others' packages have few rows.
    registered = sorted(
        admin.site._registry.items(), key=lambda item: item[0]._meta.app_label in OTHERS
    )
    for model, model_admin in registered:
        options = model._meta
        if tables and options.db_table not in tables:
            continue
        base = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
        request = RequestFactory().get(base)
        request.user = user
        name = f"{options.app_label}.{options.model_name}"
        yield Page(name, "list", base)
        yield Page(f"{name} page 2", "list page", f"{base}?p=2")
        changelist = model_admin.get_changelist_instance(request)
        yield from ordered(name, base, changelist)
        yield from filtered(name, base, changelist)
        yield from others(name, base, request, model_admin)


def others(name: str, base: str, request: Any, model_admin: Any) -> Iterator[Page]:
    """A list's searches, the choices of its form's fields, one of its rows, its export form."""
    model, options = model_admin.model, model_admin.opts
    if model_admin.get_search_fields(request):
        for label, term in terms():
            yield Page(f"{name} search: {label}", "search", f"{base}?q={quote(term)}")
    for field in model_admin.get_autocomplete_fields(request):
        query = {"app_label": options.app_label, "model_name": options.model_name}
        for term in ("", "citra"):
            given = urlencode({**query, "field_name": field, "term": term})
            yield Page(
                f"{name} choice of {field} {term}", "choice", f"/admin/autocomplete/?{given}"
            )
    keys = model._default_manager.order_by("-pk").values_list("pk", flat=True)[5:6]
    for key in keys:
        yield Page(f"{name} row", "row", f"{base}{quote(str(key), safe='')}/change/")
    if hasattr(model_admin, "export_action") and model_admin.has_export_permission(request):
        yield Page(f"{name} export form", "form", f"{base}export/")


def terms() -> list[tuple[str, str]]:
    """What is typed into the search box of any list."""
    return [
        ("8 digits", "12345678"),
        ("4 digits", "1234"),
        ("whole number", "08121234567890"[:13]),
        ("frequent name", "citra"),
        ("rare word", "nomor9zq"),
        ("room id", "room-1500"),
        ("card id", "C00000000900"),
        ("e-mail", "p1500@example.com"),
        ("two words", "jadwal kelas"),
    ]


def ordered(name: str, base: str, changelist: Any) -> Iterator[Page]:
    """Each column that can be ordered by, both ways."""
    for place, column in enumerate(changelist.list_display):
        field = changelist.get_ordering_field(column)
        if not field or (
            changelist.sortable_by is not None and column not in changelist.sortable_by
        ):
            continue
        for sign in ("", "-"):
            yield Page(f"{name} by {sign}{field}", "order", f"{base}?o={sign}{place}")


def filtered(name: str, base: str, changelist: Any) -> Iterator[Page]:
    """Each choice of each filter; of ranges of days one long ago and one of late; the hierarchy."""
    from django.utils.timezone import localdate

    for spec in changelist.filter_specs:
        if hasattr(spec, "get_form") or spec.__class__.__name__.startswith("Range"):
            path = getattr(spec, "field_path", "") or spec.parameter_name
            for label, end in (("late", 0), ("long ago", 1_200)):
                last = localdate() - timedelta(days=end)
                ends = {"from": last - timedelta(days=7), "to": last}
                given = {f"{path}_{side}": str(day) for side, day in ends.items()}
                if "Time" in spec.__class__.__name__:
                    given = {f"{key}_0": day for key, day in given.items()}
                    given |= {f"{path}_from_1": "00:00:00", f"{path}_to_1": "23:59:59"}
                yield Page(f"{name} {path} {label}", "filter", f"{base}?{urlencode(given)}")
            continue
        # Beyond these it is the same statement with another value.
        for choice in list(spec.choices(changelist))[1 : MOST_CHOICES + 1]:
            if query := choice.get("query_string"):
                label = f"{name} {spec.title}={choice['display']}"
                yield Page(label, "filter", f"{base}{query}")
    if changelist.date_hierarchy:
        today = localdate()
        field = changelist.date_hierarchy
        month = urlencode({f"{field}__year": today.year, f"{field}__month": today.month})
        yield Page(f"{name} {field} of this month", "filter", f"{base}?{month}")
