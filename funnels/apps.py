from django.apps import AppConfig


class FunnelsConfig(AppConfig):
    """Keywords turn messages into leads, bookings and transactions."""

    name = "funnels"

    def ready(self) -> None:
        from funnels import receivers
        from funnels.services import publishing

        receivers.connect()
        publishing.register_kinds()
