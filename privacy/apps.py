from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    """What a customer may ask of us: what we know of them, and to forget it."""

    name = "privacy"
    verbose_name = _("Data requests")

    def ready(self) -> None:
        from privacy import receivers
        from privacy.approving import register_kinds

        receivers.connect()
        register_kinds()
