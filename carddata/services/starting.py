"""Having a file worked on in the background. A lost start costs a minute: the sweep finds the file."""

import threading
from datetime import timedelta

import structlog
from celery import current_app
from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import Q
from django.utils.timezone import now

from carddata.models import PartnerFile
from carddata.services.claiming import SILENCE, BusyError
from carddata.services.importing import run
from carddata.services.partners import apply_partner

logger = structlog.get_logger(__name__)

TASK = "carddata.tasks.work_on_file"
APPLY_TASK = "carddata.tasks.apply_partner"
# A file that waits this long was forgotten by whoever should have begun.
FORGOTTEN_AFTER = timedelta(seconds=30)


def start(*, file_id: int) -> None:
    """Have a file brought to the end that its state asks for, once this transaction is committed."""
    transaction.on_commit(lambda: _start(file_id), robust=True)


def _start(file_id: int) -> None:
    if settings.CELERY_BROKER_URL:
        try:
            current_app.send_task(TASK, args=[file_id], retry=False, ignore_result=True)
        except Exception:
            logger.warning("broker not reached; the sweep will find the file", exc_info=True)
    else:
        # A daemon: a server that stops does not wait, for the next run goes on from the last chunk.
        name = f"partner file {file_id}"
        threading.Thread(target=_run_here, args=[file_id], name=name, daemon=True).start()


def start_applying(*, partner_id: int) -> None:
    """Have a partner's stored events read by its settings of now, once this transaction is committed."""
    transaction.on_commit(lambda: _start_applying(partner_id), robust=True)


def _start_applying(partner_id: int) -> None:
    if settings.CELERY_BROKER_URL:
        try:
            current_app.send_task(APPLY_TASK, args=[partner_id], retry=False, ignore_result=True)
        except Exception:
            logger.warning("broker not reached; save the partner once more", exc_info=True)
    else:
        threading.Thread(
            target=_apply_here, args=[partner_id], name=f"partner {partner_id}"
        ).start()


def _apply_here(partner_id: int) -> None:
    close_old_connections()
    try:
        apply_partner(partner_id=partner_id)
    except Exception:
        logger.exception("reading a partner's events anew failed", partner_id=partner_id)
    finally:
        connection.close()


def _run_here(file_id: int) -> None:
    """In a thread of the web process, for a site without a broker; then what others left."""
    close_old_connections()
    try:
        for wanted in dict.fromkeys([file_id, *forgotten_files()]):
            _try_run(wanted)
    finally:
        connection.close()


def _try_run(file_id: int) -> None:
    try:
        run(file_id=file_id)
    except BusyError:
        logger.info("somebody else works on the file", file_id=file_id)
    except Exception:
        logger.exception("working on the file failed", file_id=file_id)


def forgotten_files() -> list[int]:
    """Files that should move and that nobody has moved for a while."""
    moment = now()
    silent = Q(heartbeat_at__lt=moment - SILENCE) | Q(
        heartbeat_at=None, created_at__lt=moment - FORGOTTEN_AFTER
    )
    running = PartnerFile.objects.filter(silent, state__in=PartnerFile.RUNNING)
    return list(running.order_by("pk").values_list("pk", flat=True)[:100])
