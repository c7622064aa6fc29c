"""The customer data platform's sources, what is built from them, and the record of both."""

from customer360.models.builds import (
    BuildChange,
    ChangedCustomer,
    ChangedDay,
    ModelCheck,
    ProfileBuild,
    ScoreFit,
)
from customer360.models.duplicates import DuplicateCandidate
from customer360.models.loads import CdpLoad, SetAsideRow, SourceTable
from customer360.models.profiles import ChurnLevel, CustomerProfile, ValueTier
from customer360.models.segments import Segment, SegmentMembership
from customer360.models.sources import (
    Campaign,
    CampaignResponse,
    CustomerRecord,
    Product,
    Purchase,
    ServiceInteraction,
    WebsiteVisit,
)
from customer360.models.summaries import (
    BuyerMonth,
    CustomerDay,
    ProfileCell,
    SalesDay,
    SatisfactionDay,
)

__all__ = [
    "BuildChange",
    "BuyerMonth",
    "Campaign",
    "CampaignResponse",
    "CdpLoad",
    "ChangedCustomer",
    "ChangedDay",
    "ChurnLevel",
    "CustomerDay",
    "CustomerProfile",
    "CustomerRecord",
    "DuplicateCandidate",
    "ModelCheck",
    "Product",
    "ProfileBuild",
    "ProfileCell",
    "Purchase",
    "SalesDay",
    "SatisfactionDay",
    "ScoreFit",
    "Segment",
    "SegmentMembership",
    "ServiceInteraction",
    "SetAsideRow",
    "SourceTable",
    "ValueTier",
    "WebsiteVisit",
]
