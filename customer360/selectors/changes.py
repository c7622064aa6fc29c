"""Two builds side by side: which figures differ, by how much, and what is known of the reason."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum
from django.db.models.functions import TruncMonth
from django.utils.timezone import localdate

from customer360.models import (
    BuildChange,
    ChurnLevel,
    ProfileBuild,
    ProfileCell,
    SalesDay,
    SatisfactionDay,
)
from customer360.selectors.answers import money
from customer360.selectors.marks import Mark, marks_of

MOST_BUILDS = 200
Kind = BuildChange.Kind
MEASURES = ("number", "amount", "new_number", "new_amount")
Key = tuple[str, date | None, str, str]


@dataclass(slots=True, kw_only=True)
class Change:
    """One figure in two builds. `amount` is revenue, lifetime value, or the sum of scores."""

    kind: str
    month: date | None = None
    name: str = ""
    currency: str = ""
    number_after: int = 0
    amount_after: Decimal = Decimal(0)
    number: int = 0
    amount: Decimal = Decimal(0)
    new_number: int = 0
    new_amount: Decimal = Decimal(0)

    @property
    def number_before(self) -> int:
        return self.number_after - self.number

    @property
    def amount_before(self) -> Decimal:
        return self.amount_after - self.amount

    @property
    def rest(self) -> Decimal:
        """What does not come from new purchases."""
        return self.amount - self.new_amount

    @property
    def is_nothing(self) -> bool:
        return not (self.number or self.amount or self.new_number or self.new_amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs between two builds; figures that are equal are left out."""

    before: ProfileBuild
    after: ProfileBuild
    months: list[Change] = field(default_factory=list)
    categories: list[Change] = field(default_factory=list)
    segments: list[Change] = field(default_factory=list)
    risks: list[Change] = field(default_factory=list)
    satisfaction: list[Change] = field(default_factory=list)
    totals: list[Change] = field(default_factory=list)

    @property
    def marks(self) -> list[tuple[Mark, Mark | None]]:
        """Each source's mark of the later build beside the earlier one's."""
        before = {one.key: one for one in marks_of(self.before.results.get("sources", {}))}
        after = marks_of(self.after.results.get("sources", {}))
        return [(one, before.get(one.key)) for one in after]


def comparable_builds() -> list[ProfileBuild]:
    """The builds that the current one can be compared with, and itself, the newest first."""
    found = []
    done = ProfileBuild.objects.filter(state=ProfileBuild.State.DONE).select_related("fit")
    for build in done.order_by("-pk")[:MOST_BUILDS]:
        found.append(build)
        if not build.is_compared:
            break
    return found


def yesterdays(builds: list[ProfileBuild]) -> ProfileBuild | None:
    """The last build of an earlier day than the newest; else the one before it, if any."""
    if len(builds) < 2:
        return None
    today = _day(builds[0])
    return next((one for one in builds[1:] if _day(one) < today), builds[1])


def _day(build: ProfileBuild) -> date:
    assert build.finished_at is not None, "a build that is done has an end"
    return localdate(build.finished_at)


def compare(before: ProfileBuild, after: ProfileBuild) -> Comparison:
    """The differences that the builds after the one, up to the other, have noted."""
    changes = _changes(before, after)
    sales = [one for one in changes if one.kind == Kind.SALES]
    return Comparison(
        before=before,
        after=after,
        months=_added(sales, ("month", "currency")),
        categories=_added(sales, ("name", "currency")),
        totals=_added(sales, ("currency",)),
        segments=_added([one for one in changes if one.kind == Kind.SEGMENT], ("name",)),
        risks=_added([one for one in changes if one.kind == Kind.CHURN], ("name",)),
        satisfaction=_added([one for one in changes if one.kind == Kind.SATISFACTION], ("month",)),
    )


def _changes(before: ProfileBuild, after: ProfileBuild) -> list[Change]:
    """Every figure as it was after the later build: as it is now, less what came after it."""
    found = {_key(one): one for one in _current()}
    within, later = Q(build__lte=after), Q(build__gt=after)
    noted: Any = (
        BuildChange.objects.filter(build__gt=before)
        .values("kind", "month", "name", "currency")
        .annotate(
            **{f"{name}_within": Sum(name, filter=within) for name in MEASURES},
            number_later=Sum("number", filter=later),
            amount_later=Sum("amount", filter=later),
        )
        .order_by()
    )
    for row in noted:
        key = (row["kind"], row["month"], row["name"], row["currency"])
        one = found.setdefault(key, Change(kind=key[0], month=key[1], name=key[2], currency=key[3]))
        one.number_after -= row["number_later"] or 0
        one.amount_after -= money(row["amount_later"])
        one.number, one.new_number = row["number_within"] or 0, row["new_number_within"] or 0
        one.amount = money(row["amount_within"])
        one.new_amount = money(row["new_amount_within"])
    return list(found.values())


def _key(one: Change) -> Key:
    return one.kind, one.month, one.name, one.currency


def _current() -> Iterable[Change]:
    """The figures as they are now."""
    sales = (
        SalesDay.objects.annotate(month=TruncMonth("day"))
        .values_list("month", "category", "currency")
        .annotate(orders_=Sum("orders"), revenue_=Sum("revenue"))
        .order_by()
    )
    for month, category, currency, number, amount in sales:
        yield Change(
            kind=Kind.SALES,
            month=month,
            name=category,
            currency=currency,
            number_after=number,
            amount_after=money(amount),
        )
    for kind, column in ((Kind.SEGMENT, "customer_segment"), (Kind.CHURN, "churn_risk")):
        cells = (
            ProfileCell.objects.values_list(column)
            .annotate(number=Sum("customers"), value=Sum("total_lifetime_value"))
            .order_by()
        )
        for name, number, amount in cells:
            yield Change(kind=kind, name=name, number_after=number, amount_after=money(amount))
    yield from _current_satisfaction()


def _current_satisfaction() -> Iterable[Change]:
    moods = (
        SatisfactionDay.objects.annotate(month=TruncMonth("day"))
        .values_list("month", "score")
        .annotate(number=Sum("signals"))
        .order_by()
    )
    by_month: dict[date, Change] = {}
    for month, score, number in moods:
        one = by_month.setdefault(month, Change(kind=Kind.SATISFACTION, month=month))
        one.number_after += number
        one.amount_after += score * number
    return by_month.values()


def _added(changes: list[Change], names: tuple[str, ...]) -> list[Change]:
    """The changes added up by some of their names, without those that come to nothing."""
    sums: dict[tuple[Any, ...], Change] = {}
    for one in changes:
        key = tuple(getattr(one, name) for name in names)
        made = sums.setdefault(key, Change(kind=one.kind, **dict(zip(names, key, strict=True))))
        for name in ("number_after", "amount_after", *MEASURES):
            setattr(made, name, getattr(made, name) + getattr(one, name))
    found = [one for one in sums.values() if not one.is_nothing]
    return sorted(found, key=_order)


def _order(one: Change) -> tuple[Any, ...]:
    """The latest month first, the site's own currency first."""
    month = -one.month.toordinal() if one.month else 0
    return month, one.currency != settings.CURRENCY, one.currency, one.name


def is_fitted_anew(found: Comparison) -> bool:
    """Whether the churn risks rest on another fit."""
    before, after = (getattr(one, "fit", None) for one in (found.before, found.after))
    return (
        before is not None
        and after is not None
        and (before.model, before.mbg_nbd) != (after.model, after.mbg_nbd)
    )


def risk_label(name: str) -> str:
    """A churn risk as staff read it."""
    return str(dict(ChurnLevel.choices).get(name, name))
