"""What every figure's answer has: its period, its rows, and the one build that it is read from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.formats import date_format, number_format
from django.utils.timezone import now
from django.utils.translation import gettext

from customer360.metrics import BY_KEY, Figure
from customer360.models import ChangedCustomer, ChangedDay, CustomerProfile, ProfileBuild, ScoreFit
from customer360.periods import Period
from customer360.selectors.marks import Mark, marks_of

STALE_AFTER = timedelta(hours=36)
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The build that figures are read from; `id` 0 where there is none yet."""

    id: int = 0
    as_of: date | None = None
    finished_at: str = ""
    is_stale: bool = False
    marks: tuple[Mark, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "as_of": self.as_of,
            "finished_at": self.finished_at,
            "is_stale": self.is_stale,
            "sources": {mark.key: mark.as_json() for mark in self.marks},
        }

    def marks_of(self, figure: Figure) -> list[Mark]:
        """The marks of the sources that a figure is read from."""
        return [mark for mark in self.marks if mark.key in figure.sources]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One figure's rows and single values, for one period, from one build."""

    figure: str
    period: Period
    rows: list[dict[str, Any]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def definition(self) -> Figure:
        return BY_KEY[self.figure]


def current_build() -> Built:
    """The newest build that is done."""
    found = (
        ProfileBuild.objects.filter(state=ProfileBuild.State.DONE)
        .order_by("-pk")
        .values_list("pk", "as_of", "finished_at", "results")
        .first()
    )
    if found is None:
        return Built()
    number, as_of, finished_at, results = found
    return Built(
        id=number,
        as_of=as_of,
        finished_at=finished_at.isoformat(timespec="seconds") if finished_at else "",
        is_stale=finished_at is None or now() - finished_at > STALE_AFTER,
        marks=marks_of(results.get("sources", {})),
    )


def has_news() -> bool:
    """Whether anything has changed since the current build; the next one counts it."""
    return ChangedCustomer.objects.exists() or ChangedDay.objects.exists()


def fit_in_words(built: Built) -> str:
    """What the churn risks rest on: the model with its numbers, or why there is none."""
    fit = ScoreFit.objects.filter(build_id__lte=built.id).order_by("-build_id").first()
    if fit is None:
        return ""
    rests = gettext("%(buyers)s buyers, %(repeated)s of whom came back, %(day)s") % {
        "buyers": number_format(fit.buyers, force_grouping=True),
        "repeated": number_format(fit.repeat_buyers, force_grouping=True),
        "day": date_format(fit.as_of, "j M Y"),
    }
    if fit.model == CustomerProfile.ScoredBy.MBG_NBD:
        return gettext("MBG/NBD fitted on %(rests)s") % {"rests": rests}
    return gettext("By the simple rule, too few for a model: %(rests)s") % {"rests": rests}


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Reads that all see the database as it was at one moment, so one build and not two."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def money(amount: Any) -> Decimal:
    """A sum as the database gives it, to the cent; SQLite gives fractions."""
    return Decimal(str(amount or 0)).quantize(CENT)


def share(part: Any, whole: Any) -> float | None:
    return round(100 * float(part) / float(whole), 2) if whole else None


def change(now_: Any, before: Any) -> float | None:
    """By how many per cent a figure has grown; None where there was nothing before."""
    if now_ is None or not before:
        return None
    return round(100 * (float(now_) - float(before)) / abs(float(before)), 2)
