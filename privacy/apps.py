from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """What a customer may ask of us: what we know of them, and to forget it."""

    name = "privacy"
    verbose_name = "Data requests"

    def ready(self) -> None:
        from privacy.approving import register_kinds

        register_kinds()
