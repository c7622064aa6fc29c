from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class FunnelSiteConfig(AppConfig):
    """The house around the apps: what joins two of them."""

    name = "funnel_site"

    def ready(self) -> None:
        from funnel_site import wiring
        from funnel_site.access.groups import keep_roles
        from funnel_site.lib.words import translate_derived_names
        from funnel_site.page_names import name_pages

        wiring.connect()
        translate_derived_names()
        name_pages()
        # The last app's turn: every table and permission is there by then.
        last = list(apps.get_app_configs())[-1]
        post_migrate.connect(keep_roles, sender=last, dispatch_uid="the roles of the file")
