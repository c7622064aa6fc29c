"""Every table of the product: which of its rows are about a customer, and what of them is erased.

A table without such rows says why. A test compares this page with the model registry, so that a new
table cannot be forgotten.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from carddata.services.rejects import BLANK_REJECT
from funnel_site.lib.deleting import ERASED
from privacy.subjects import Subject
from reviews.services.erasing import BLANK, BLANK_SESSION

EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response />'
NOT_OF_A_PERSON = "settings and words of our own"
OF_THE_WORK = "counts and progress of our own work"
SUMS = "sums over many customers"

Find = Callable[[Subject], Q]


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """A table with rows about customers. `blank` is what an erasure writes into its columns."""

    find: Find
    blank: Mapping[str, Any] = field(default_factory=dict)
    searches_text: str = ""
    """A JSON column that `find` searches as text, under the name `as_text`."""


def by(path: str) -> Find:
    """Rows whose path leads to the customer."""
    return lambda subject: Q(**{path: subject.customer_id})


def _any_text(column: str) -> Find:
    def find(subject: Subject) -> Q:
        found = Q(pk=None)
        for text in subject.needles:
            found |= Q(**{f"{column}__contains": text})
        return found

    return find


PERSONAL: dict[str, Personal] = {
    "conversations.Customer": Personal(
        find=by("pk"),
        blank={"name": "", "name_seen_at": None, "email": "", "phone_number": ""},
    ),
    # Replaced by aliases.
    "conversations.CustomerIdentity": Personal(find=by("customer")),
    "conversations.IdentityChange": Personal(
        find=by("customer"), blank={"value": "", "absorbed": {}}
    ),
    "conversations.Consent": Personal(find=by("customer"), blank={"words": ""}),
    "conversations.Room": Personal(
        find=by("customer"), blank={"reply_address": "", "owner_key": ""}
    ),
    "conversations.Room_participants": Personal(find=by("customer")),
    "conversations.Room_labels": Personal(find=by("room__customer")),
    "conversations.Message": Personal(
        find=by("customer"), blank={"body": "", "media": [], "details": {}, "error_text": ""}
    ),
    "conversations.InboundEvent": Personal(
        find=lambda subject: Q(pk__in=subject.events),
        blank={
            "body": b"",
            "headers": {},
            "state": "processed",
            "error_code": "erased",
            "error": "",
            "ignored_because": "",
        },
    ),
    "conversations.Sending": Personal(
        find=by("message__customer"), blank={"to_address": "", "variables": {}, "error_text": ""}
    ),
    "conversations.Referral": Personal(
        find=by("message__customer"), blank={"click_id": "", "source_url": "", "media_url": ""}
    ),
    "conversations.Attachment": Personal(
        find=by("message__customer"),
        blank={
            "url": "",
            "name": "",
            "file": "",
            "sha256": "",
            "state": "failed",
            "reason": ERASED,
        },
    ),
    "funnels.Evidence": Personal(find=by("message__customer"), blank={"words": ""}),
    "funnels.Funnel": Personal(find=by("customer")),
    "funnels.Correction": Personal(find=by("room__customer"), blank={"reason": ERASED}),
    "reviews.Invitation": Personal(find=by("customer")),
    "reviews.ReviewSession": Personal(find=by("customer"), blank=BLANK_SESSION),
    "reviews.Review": Personal(
        find=by("customer"),
        blank=BLANK,
    ),
    "reviews.ModerationEvent": Personal(find=by("review__customer"), blank={"reason": ""}),
    "reviews.BotAnswer": Personal(
        find=lambda subject: Q(event__in=subject.events), blank={"twiml": EMPTY_TWIML}
    ),
    "carddata.CardEvent": Personal(
        find=lambda subject: Q(contact__in=subject.phones), blank={"contact": "", "comment": ""}
    ),
    "carddata.CardStatus": Personal(
        find=lambda subject: Q(contact__in=subject.phones), blank={"contact": "", "comment": ""}
    ),
    "carddata.RejectedRow": Personal(find=_any_text("raw"), blank=BLANK_REJECT),
    "customer360.CustomerRecord": Personal(
        find=by("customer"),
        blank={
            "first_name": "",
            "last_name": "",
            "email": "",
            "phone_number": "",
            "phone_text": "",
            "date_of_birth": None,
        },
    ),
    "customer360.Purchase": Personal(find=by("record__customer")),
    "customer360.ServiceInteraction": Personal(find=by("record__customer")),
    "customer360.CampaignResponse": Personal(find=by("record__customer")),
    "customer360.WebsiteVisit": Personal(find=by("record__customer")),
    "customer360.CustomerProfile": Personal(find=by("customer")),
    "customer360.SetAsideRow": Personal(
        find=lambda subject: (
            Q(table="customer_info", external_id__in=subject.records)
            | Q(waits_for_table="customer_info", waits_for_id__in=subject.records)
            | _any_text("as_text")(subject)
        ),
        blank={"row": {}, "reason": ERASED, "state": "rejected"},
        searches_text="row",
    ),
    "privacy.DataRequest": Personal(find=by("customer")),
    "privacy.LegalHold": Personal(find=by("customer")),
    "conversations.Note": Personal(find=by("customer"), blank={"body": ERASED}),
    "conversations.NoteRevision": Personal(find=by("note__customer"), blank={"body": ERASED}),
    # The words of a search; the files themselves are gone after EXPORT_KEEP_HOURS.
    "exports.ExportJob": Personal(
        find=_any_text("as_text"), blank={"query": []}, searches_text="query"
    ),
    # The rows that its page shows; an erasure withdraws what has a file, whoever is in it.
    "imports.ImportJob": Personal(
        find=_any_text("as_text"), blank={"tally": {}}, searches_text="tally"
    ),
    "customer360.DuplicateCandidate": Personal(
        find=lambda subject: Q(one=subject.customer_id) | Q(other=subject.customer_id),
        blank={"reasons": []},
    ),
    "customer360.SegmentMembership": Personal(find=by("customer")),
}

NOT_PERSONAL: dict[str, str] = {
    "access.Preference": NOT_OF_A_PERSON,
    "access.ApiKey": "machines' keys, and the staff whose keys they are",
    "access.Approval": "what two members of staff did; customers by their number alone",
    "tombstones.ErasedKey": "digests that nobody can turn back",
    "conversations.DrainAttempt": OF_THE_WORK,
    "conversations.ParkedStatus": "a delivery status and Twilio's id, kept for days",
    "conversations.Line": NOT_OF_A_PERSON,
    "conversations.MessageTemplate": NOT_OF_A_PERSON,
    "conversations.ErrorMeaning": NOT_OF_A_PERSON,
    "conversations.SignatureRefusal": "counts of refused requests, without the requests",
    "conversations.RawFile": "names and counts of archive files; their lines are erased with the inbox",
    "funnels.Keyword": NOT_OF_A_PERSON,
    "funnels.KeywordSync": OF_THE_WORK,
    "reviews.BotWords": NOT_OF_A_PERSON,
    "reviews.CatalogueProduct": NOT_OF_A_PERSON,
    "reviews.CatalogueRevision": OF_THE_WORK,
    "reviews.Campaign": NOT_OF_A_PERSON,
    "carddata.Partner": NOT_OF_A_PERSON,
    "carddata.PartnerFile": OF_THE_WORK,
    "carddata.CardSighting": "which file says an event, too",
    "carddata.CardAccess": "who looked at a card; of a number the last digits alone",
    "carddata.DropEntry": OF_THE_WORK,
    "carddata.StaffNotice": OF_THE_WORK,
    "customer360.Product": NOT_OF_A_PERSON,
    "customer360.Campaign": NOT_OF_A_PERSON,
    "customer360.CdpLoad": OF_THE_WORK,
    "customer360.ProfileBuild": OF_THE_WORK,
    "customer360.ScoreFit": SUMS,
    "customer360.BuildChange": SUMS,
    "customer360.ModelCheck": SUMS,
    "customer360.ChangedCustomer": "row numbers alone, until the next build",
    "customer360.ChangedDay": OF_THE_WORK,
    "customer360.SalesDay": SUMS,
    "customer360.SatisfactionDay": SUMS,
    "customer360.ProfileCell": SUMS,
    "customer360.BuyerMonth": SUMS,
    "customer360.CustomerDay": SUMS,
    "operations.TaskRun": OF_THE_WORK,
    "operations.DoorCount": SUMS,
    "conversations.SharedValue": "values that name no single person",
    "conversations.CannedAnswer": NOT_OF_A_PERSON,
    "conversations.Macro": NOT_OF_A_PERSON,
    "conversations.Macro_labels": NOT_OF_A_PERSON,
    "conversations.Label": NOT_OF_A_PERSON,
    "conversations.Team": NOT_OF_A_PERSON,
    "conversations.Team_members": "which staff share rooms",
    "conversations.SavedFilter": NOT_OF_A_PERSON,
    "conversations.Presence": OF_THE_WORK,
    "customer360.Segment": NOT_OF_A_PERSON,
}


def model_of(label: str) -> type[Model]:
    """The model of a label of these tables; the tables between two models count as models."""
    return apps.get_model(label, require_ready=True)


def rows_of(label: str, subject: Subject) -> QuerySet[Any]:
    """The rows of a table that are about the customer, oldest first."""
    table = PERSONAL[label]
    rows: QuerySet[Any] = model_of(label)._default_manager.all()
    if table.searches_text:
        rows = rows.annotate(as_text=Cast(table.searches_text, TextField()))
    return rows.filter(table.find(subject)).order_by("pk").distinct()
