from django.apps import AppConfig


class FunnelSiteConfig(AppConfig):
    """The house around the apps: what joins two of them."""

    name = "funnel_site"

    def ready(self) -> None:
        from funnel_site import wiring

        wiring.connect()
