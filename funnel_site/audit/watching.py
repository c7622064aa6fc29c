"""The models whose every change by hand is kept with what stood there before.

Tables that machines fill by the thousand are not here: their rows say themselves where they come
from, and what staff do to them is noted by the request (middleware.py).
"""

from auditlog.registry import auditlog
from django.apps import apps

from funnel_site.lib.masking import masked_name, personal_fields

WATCHED = (
    "access.ApiKey",
    "access.Approval",
    "auth.Group",
    "auth.User",
    "carddata.Partner",
    "conversations.Customer",
    "conversations.ErrorMeaning",
    "conversations.Line",
    "conversations.MessageTemplate",
    "customer360.CustomerRecord",
    "django_celery_beat.PeriodicTask",
    "funnels.Correction",
    "funnels.Keyword",
    "reviews.BotWords",
    "reviews.Campaign",
)
LINKS = {"auth.User": {"groups", "user_permissions"}, "auth.Group": {"permissions"}}
UNINTERESTING = {
    "auth.User": ["last_login"],
    # A payload may hold the hash of a password.
    "access.Approval": ["payload", "digest"],
    "access.ApiKey": ["last_used_at", "hashed_key"],
    "conversations.Customer": ["first_seen_at", "last_seen_at", "name_seen_at"],
    "django_celery_beat.PeriodicTask": ["last_run_at", "total_run_count", "date_changed"],
}
SECRET = {"auth.User": ["password"]}


def watch() -> None:
    """Register the models; personal fields and secrets are kept masked."""
    for label in WATCHED:
        model = apps.get_model(label)
        auditlog.register(
            model,
            exclude_fields=UNINTERESTING.get(label, []),
            mask_fields=[*SECRET.get(label, []), *personal_fields(model)],
            mask_callable="funnel_site.audit.watching.masked",
            m2m_fields=LINKS.get(label),
        )


def masked(value: str) -> str:
    """What the trail keeps of a name, a number or a secret: that it changed, and little more.

    >>> masked("+628123456789"), masked("Ana Putri"), masked("md5$salt$hash")
    ('*********6789', 'A. P.', 'm.')
    """
    return masked_name(value)
