from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class Customer360Config(AppConfig):
    """Seven sources and our own apps become one profile per customer."""

    name = "customer360"
    verbose_name = _("Customer 360")

    def ready(self) -> None:
        from customer360 import receivers, tracking

        receivers.connect()
        pre_migrate.connect(tracking.remove, sender=self, dispatch_uid="customer360")
        post_migrate.connect(tracking.install, sender=self, dispatch_uid="customer360")
