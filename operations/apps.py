from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    """What runs, how far it is, what came of it, and a button for each."""

    name = "operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        from operations import receivers

        receivers.connect()
