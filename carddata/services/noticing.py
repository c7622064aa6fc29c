"""Telling staff what they have to look at: a row in the admin, and a mail where one is set up."""

import structlog
from django.conf import settings
from django.core.mail import mail_admins

from carddata.models import PartnerFile, StaffNotice
from funnel_site.lib.marking import marked

logger = structlog.get_logger(__name__)


def notify(subject: str, body: str = "", *, file: PartnerFile | None = None) -> None:
    """Leave a notice; the same unseen one is not repeated."""
    if StaffNotice.objects.filter(subject=subject[:200], file=file, seen_at=None).exists():
        return
    StaffNotice.objects.create(subject=subject[:200], body=body, file=file)
    if settings.ADMINS:
        try:
            mail_admins(subject[:200].replace("\n", " "), body, fail_silently=False)
        except OSError:
            logger.warning("the notice could not be mailed", exc_info=True)


def notify_failure(file: PartnerFile) -> None:
    """A file did not go in."""
    notify(
        marked("%(name)s was not imported", name=file.name),
        f"{file.partner}: {file.error}",
        file=file,
    )
