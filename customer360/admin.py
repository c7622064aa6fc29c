"""The staff screens of the sources, the loads, the builds and the profiles."""

from django.contrib import admin

from customer360.models import (
    Campaign,
    CampaignResponse,
    CdpLoad,
    CustomerProfile,
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
for model in (CdpLoad, CustomerProfile, ProfileBuild, SetAsideRow):
    admin.site.register(model, RecordAdmin)
