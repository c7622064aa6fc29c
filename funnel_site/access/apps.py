from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    """API keys and who may do what with them."""

    name = "funnel_site.access"
    label = "access"
    verbose_name = _("Access")

    def ready(self) -> None:
        from funnel_site.access import full_phones, preferences, staff

        preferences.connect()
        staff.register_kinds()
        full_phones.register_kinds()
