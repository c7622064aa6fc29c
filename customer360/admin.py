"""The staff screens of the sources, the loads, the builds and the profiles."""

from django.contrib import admin

from customer360 import profile_admin
from customer360.models import (
    Campaign,
    CampaignResponse,
    CdpLoad,
    CustomerRecord,
    Product,
    ProfileBuild,
    Purchase,
    ServiceInteraction,
    SetAsideRow,
    WebsiteVisit,
)
from funnel_site.lib.staff import RecordAdmin, StaffAdmin

for model in (
    Campaign,
    CampaignResponse,
    CustomerRecord,
    Product,
    Purchase,
    ServiceInteraction,
    WebsiteVisit,
):
    admin.site.register(model, StaffAdmin)
for record in (CdpLoad, ProfileBuild, SetAsideRow):
    admin.site.register(record, RecordAdmin)

# Registers the profiles and the dashboard's addresses.
__all__ = ["profile_admin"]
