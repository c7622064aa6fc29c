from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FunnelsConfig(AppConfig):
    """Keywords turn messages into leads, bookings and transactions."""

    name = "funnels"
    verbose_name = _("Funnels")

    def ready(self) -> None:
        from funnels import receivers
        from funnels.services import publishing

        receivers.connect()
        publishing.register_kinds()
