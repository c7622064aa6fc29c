"""The staff screens of cards: where a card is, partners, their files, what was rejected, who asked."""

from carddata.admin.access import CardAccessAdmin
from carddata.admin.cards import CardStatusAdmin
from carddata.admin.files import PartnerFileAdmin
from carddata.admin.notices import StaffNoticeAdmin
from carddata.admin.partners import PartnerAdmin
from carddata.admin.rejects import RejectedRowAdmin

__all__ = [
    "CardAccessAdmin",
    "CardStatusAdmin",
    "PartnerAdmin",
    "PartnerFileAdmin",
    "RejectedRowAdmin",
    "StaffNoticeAdmin",
]
