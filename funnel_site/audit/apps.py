from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """Who saw, changed, exported, replayed what, and who was refused."""

    name = "funnel_site.audit"
    label = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        from funnel_site.audit.watching import watch

        watch()
