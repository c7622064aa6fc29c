from django.apps import AppConfig


class AccessConfig(AppConfig):
    """API keys and who may do what with them."""

    name = "funnel_site.access"
    label = "access"
    verbose_name = "Access"
