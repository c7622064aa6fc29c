from django.apps import AppConfig


class TombstonesConfig(AppConfig):
    """What must not come back: the keys of erased customers, as digests."""

    name = "funnel_site.tombstones"
    label = "tombstones"
    verbose_name = "Erased keys"
