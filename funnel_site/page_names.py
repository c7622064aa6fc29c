"""What lists and apps are called where their models say something else, or are not ours.

The menu, the titles and the breadcrumbs read these names from the models: a page has one.
"""

from typing import Any

from django.apps import apps
from django.utils.translation import gettext_lazy as _

# One and several of a model, by its label.
LISTS: dict[str, tuple[Any, Any]] = {
    "audit.auditentry": (_("audit entry"), _("audit entries")),
    "auth.group": (_("role"), _("roles")),
    "auth.user": (_("member of staff"), _("staff")),
    "carddata.cardaccess": (_("lookup"), _("lookups")),
    "carddata.staffnotice": (_("notice"), _("notices")),
    "conversations.errormeaning": (_("error code"), _("error codes")),
    "conversations.inboundevent": (_("inbox delivery"), _("inbox deliveries")),
    "conversations.messagetemplate": (_("template"), _("templates")),
    "conversations.rawfile": (_("archive file"), _("archive files")),
    "conversations.signaturerefusal": (_("refused signature"), _("refused signatures")),
    "customer360.customerprofile": (_("profile"), _("profiles")),
    "customer360.duplicatecandidate": (_("likely duplicate"), _("likely duplicates")),
    "customer360.serviceinteraction": (_("service case"), _("service cases")),
    "django_celery_beat.periodictask": (_("schedule"), _("schedules")),
    "reviews.catalogueproduct": (_("catalogue product"), _("catalogue products")),
}
APPS: dict[str, Any] = {
    "auth": _("Staff and roles"),
    "axes": _("Sign-ins"),
    "django_celery_beat": _("Schedules"),
    "otp_static": _("Recovery codes"),
    "otp_totp": _("Authenticator apps"),
}


def name_pages() -> None:
    """Give models and apps these names. Migrations do not see it."""
    for label, (one, several) in LISTS.items():
        options: Any = apps.get_model(label)._meta
        options.verbose_name, options.verbose_name_plural = one, several
    for label, name in APPS.items():
        apps.get_app_config(label).verbose_name = name
