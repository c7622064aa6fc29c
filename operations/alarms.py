"""When the figures of the system page want somebody: what it means, what to do, and where.

Pure decisions on what `operations.system` has read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext as _

from funnel_site.lib.money import shown_count
from operations.selectors import title_of
from operations.system import Health

LAG_SECONDS = 300
DISK_SHARE = 0.1
MOST_QUEUED = 1_000
BEAT_SILENCE = timedelta(minutes=5)
OLD_BUILD = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that does not mend itself. `page` is the name of an address of the admin."""

    code: str
    meaning: str
    to_do: str
    page: str = ""
    owner: str = "Operator"


def alarms_of(health: Health) -> list[Alarm]:
    """What is wrong, the worst first; empty on a good day."""
    return [*_of_the_inbox(health), *_of_the_machine(health), *_of_the_data(health)]


def _of_the_inbox(health: Health) -> Iterator[Alarm]:
    inbox = "conversations_inboundevent_changelist"
    if (health.lag_seconds or 0) > LAG_SECONDS:
        yield Alarm(
            code="inbox_lag",
            meaning=_("Deliveries are safe, but they wait: customers' messages show up late."),
            to_do=_("See that a worker and beat run, or start `manage.py run_inbox`."),
            page="operations_overview",
        )
    if health.dead_letters not in ("0", ""):
        yield Alarm(
            code="dead_letters",
            meaning=_("Deliveries that could not be understood: %s. They are kept.")
            % health.dead_letters,
            to_do=_("Mend what the table of errors names, then replay them."),
            page=inbox,
        )
    if health.refusals:
        yield Alarm(
            code="signatures",
            meaning=_(
                "%s requests with a wrong signature since yesterday: forged, or a wrong secret."
            )
            % shown_count(health.refusals),
            to_do=_("Run `manage.py twilio_doctor`, or compare WEBHOOK_SECRETS with the sender's."),
            page="conversations_signaturerefusal_changelist",
        )
    if health.in_doubt not in ("0", ""):
        yield Alarm(
            code="sendings_in_doubt",
            meaning=_("Messages that may or may not have left when a worker died: %s.")
            % health.in_doubt,
            to_do=_("Look at the room: is it there at Twilio? Send again only if it is not."),
            page="conversations_sending_changelist",
        )


def _of_the_machine(health: Health) -> Iterator[Alarm]:
    if health.disk_free < health.disk_total * DISK_SHARE:
        yield Alarm(
            code="disk",
            meaning=_("The disk is nearly full: soon nothing can be stored."),
            to_do=_("Archive (RAW_HOT_DAYS), drop what is old (RETENTION_DAYS), or grow the disk."),
        )
    if settings.CELERY_BROKER_URL and health.queue is None:
        yield Alarm(
            code="broker",
            meaning=_("The broker is away: work waits for the next sweep. No message is lost."),
            to_do=_("Start Redis or RabbitMQ, and see CELERY_BROKER_URL."),
        )
    if (health.queue or 0) > MOST_QUEUED:
        yield Alarm(
            code="queue",
            meaning=_("%s tasks wait at the broker: there are too few workers.")
            % shown_count(health.queue or 0),
            to_do=_("Start more workers."),
        )
    if settings.CELERY_BROKER_URL and (
        health.beat_at is None or health.beat_at < now() - BEAT_SILENCE
    ):
        yield Alarm(
            code="beat",
            meaning=_("Beat does not run: nothing on a schedule happens."),
            to_do=_("Start one `celery -A funnel_site beat`."),
            page="operations_overview",
        )
    if health.archive_trouble:
        yield Alarm(
            code="archive",
            meaning=_("The archive's storage does not answer (%s).") % health.archive_trouble,
            to_do=_(
                "See RAW_STORAGE_URL and its keys; old deliveries stay in the database meanwhile."
            ),
        )
    for run in health.stale_tasks:
        yield Alarm(
            code="task",
            meaning=_("“%(task)s” has failed %(times)s times in a row (%(error)s).")
            % {"task": title_of(run.task), "times": shown_count(run.failures), "error": run.error},
            to_do=_("Read the worker's log, mend it, and run the task now."),
            page="operations_overview",
        )


def _of_the_data(health: Health) -> Iterator[Alarm]:
    moment = now()
    if health.keyword_trouble:
        yield Alarm(
            code="keywords",
            meaning=_("The last keyword sync changed nothing: the old keywords hold."),
            to_do=_("Read what it says, mend the sheet or its sharing, and sync again."),
            page="funnels_keywordsync_changelist",
            owner="Support lead",
        )
    if health.build_trouble or (health.built_at and health.built_at < moment - OLD_BUILD):
        yield Alarm(
            code="profiles",
            meaning=_(
                "The customer profiles are old: segments and the dashboard are as they were."
            ),
            to_do=_("Look at the last build, then build again."),
            page="customer360_profilebuild_changelist",
        )
    late = [feed["name"] for feed in health.feeds if feed["is_late"]]
    if late:
        yield Alarm(
            code="feeds",
            meaning=_("No file for a week from %s.") % ", ".join(late),
            to_do=_("Ask the partner; switch a partner off that sends no more."),
            page="carddata_partner_changelist",
        )
    if health.rejects:
        yield Alarm(
            code="rejects",
            meaning=_("Rows of partners' files wait to be mended."),
            to_do=_("Open the workbench of the file: most have one cause."),
            page="carddata_rejectedrow_changelist",
        )
