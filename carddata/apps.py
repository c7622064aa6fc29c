from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CarddataConfig(AppConfig):
    """Where a card is: partners' files in, one answer out."""

    name = "carddata"
    verbose_name = _("Cards")

    def ready(self) -> None:
        from carddata.services import approving

        approving.register_kinds()
