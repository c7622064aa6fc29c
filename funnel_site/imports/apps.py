from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImportsConfig(AppConfig):
    """Files that are too large for a page to take while somebody waits."""

    name = "funnel_site.imports"
    label = "imports"
    verbose_name = _("Imports")
