from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """Who saw, changed, exported, replayed what, and who was refused."""

    name = "funnel_site.audit"
    label = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from funnel_site.audit.files import on_made_in_full
        from funnel_site.audit.sign_ins import on_sign_in
        from funnel_site.audit.watching import watch
        from funnel_site.exports.signals import made_in_full

        watch()
        user_logged_in.connect(on_sign_in, dispatch_uid="sign-ins of superusers")
        made_in_full.connect(on_made_in_full, dispatch_uid="files in full")
