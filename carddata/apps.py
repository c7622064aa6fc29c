from django.apps import AppConfig


class CarddataConfig(AppConfig):
    """Where a card is: partners' files in, one answer out."""

    name = "carddata"
    verbose_name = "Cards"

    def ready(self) -> None:
        from carddata.services import approving

        approving.register_kinds()
