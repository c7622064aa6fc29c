from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TombstonesConfig(AppConfig):
    """What must not come back: the keys of erased customers, as digests."""

    name = "funnel_site.tombstones"
    label = "tombstones"
    verbose_name = _("Erased keys")
