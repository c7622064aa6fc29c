"""Celery's way to the keyword sheet."""

from celery import shared_task
from django.conf import settings

from funnels.models import KeywordSync
from funnels.services.keywords import SyncRunningError, finish_sync
from funnels.services.keywords import sync_keywords as sync_keywords_service


@shared_task(name="funnels.tasks.sync_keywords")
def sync_keywords() -> None:
    """The scheduled sync. Where one is running already, there is nothing to do."""
    try:
        sync_keywords_service()
    except SyncRunningError:
        return


@shared_task(name="funnels.tasks.finish_keyword_sync")
def finish_keyword_sync(sync_id: int) -> None:
    """Do the sync that a member of staff or an API client began."""
    sync = KeywordSync.objects.filter(pk=sync_id, state=KeywordSync.State.RUNNING).first()
    if sync is not None:
        finish_sync(sync, source=settings.KEYWORDS_SHEET)
