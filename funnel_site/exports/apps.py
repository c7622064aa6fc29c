from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportsConfig(AppConfig):
    """What staff take out of the lists: at once where it is little, else in the background."""

    name = "funnel_site.exports"
    label = "exports"
    verbose_name = _("Exports")

    def ready(self) -> None:
        from funnel_site.access.full_phones import register_kinds
        from funnel_site.exports.in_full import decided, facts

        register_kinds(when_decided=decided, facts=facts)
