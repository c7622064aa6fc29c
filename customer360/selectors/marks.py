"""Up to which row each source had been read: what tells a reader how fresh a figure is.

A mark is the number of the newest row, in the order in which rows came, and that row's own day. It is
taken in the same moment as the build reads its sources.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

PURCHASES = "purchase_transactions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A table that figures are read from, and the column with a row's own day."""

    key: str
    title: Any
    model: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The newest row of a source that a build has read; 0 where it had none."""

    key: str
    title: str
    newest: int
    day: date | None

    def as_json(self) -> dict[str, Any]:
        return {"newest_row": self.newest, "day": self.day}


def _source(key: str, title: Any, model: str, day: str) -> Source:
    return Source(key=key, title=title, model=model, day=day)


SOURCES = (
    _source(
        "customer_info", _("Customer records"), "customer360.CustomerRecord", "registration_date"
    ),
    _source(PURCHASES, _("Purchases"), "customer360.Purchase", "purchase_date"),
    _source(
        "customer_service", _("Service cases"), "customer360.ServiceInteraction", "interaction_date"
    ),
    _source(
        "campaign_responses",
        _("Campaign responses"),
        "customer360.CampaignResponse",
        "response_date",
    ),
    _source("website_behavior", _("Website visits"), "customer360.WebsiteVisit", "visit_date"),
    _source("customers", _("Customers"), "conversations.Customer", "first_seen_at"),
    _source("rooms", _("Rooms"), "conversations.Room", "started_at"),
    _source("funnels", _("Funnels"), "funnels.Funnel", "transaction_date"),
    _source("reviews", _("Reviews"), "reviews.Review", "created_at"),
)


def newest_rows() -> dict[str, list[Any]]:
    """Each source's newest row as it is kept with a build: its number and its day."""
    found = {}
    for source in SOURCES:
        rows = apps.get_model(source.model)._default_manager.order_by("-pk")
        number, day = rows.values_list("pk", source.day).first() or (0, None)
        if isinstance(day, datetime):
            day = localdate(day)
        found[source.key] = [number, day.isoformat() if day else None]
    return found


def marks_of(kept: Mapping[str, Any], keys: Iterable[str] | None = None) -> tuple[Mark, ...]:
    """The marks that a build has kept, of all sources or of these."""
    wanted = None if keys is None else frozenset(keys)
    found = []
    for source in SOURCES:
        value = kept.get(source.key)
        if value is None or (wanted is not None and source.key not in wanted):
            continue
        number, day = value
        found.append(
            Mark(
                key=source.key,
                title=str(source.title),
                newest=number,
                day=date.fromisoformat(day) if day else None,
            )
        )
    return tuple(found)
