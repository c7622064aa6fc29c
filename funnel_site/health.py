"""Whether the site is up: for load balancers and containers, without a detail for strangers.

What exactly fails is logged, and staff see it in the admin.
"""

from collections.abc import Callable
from datetime import timedelta

import structlog
from celery import current_app
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.utils.timezone import now
from django.views import View

from conversations.models import InboundEvent

logger = structlog.get_logger(__name__)

LONGEST_LAG = timedelta(minutes=5)


class UnhealthyError(Exception):
    """A part that does not work as it should."""


@method_decorator(login_not_required, name="dispatch")
class LiveView(View):
    """The process answers."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"status": "ok"})


@method_decorator(login_not_required, name="dispatch")
class ReadyView(View):
    """Database, migrations, broker, cache, storage and inbox are fit for work; else 503."""

    def get(self, request: HttpRequest) -> HttpResponse:
        failing = failing_parts()
        if failing:
            logger.error("not healthy", parts=failing)
            return JsonResponse({"status": "failing"}, status=503)
        return JsonResponse({"status": "ok"})


def failing_parts() -> list[str]:
    """The names of the parts that do not work."""
    failing = []
    for name, check in CHECKS.items():
        try:
            check()
        except Exception as error:
            logger.warning("health check failed", part=name, exc_info=error)
            failing.append(name)
    return failing


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise UnhealthyError("migrations are missing")


def check_inbox() -> None:
    waiting = InboundEvent.objects.filter(state=InboundEvent.State.PENDING).order_by("pk")
    oldest = waiting.values_list("received_at", flat=True).first()
    if oldest and oldest < now() - LONGEST_LAG:
        raise UnhealthyError("the inbox lags behind")


def check_broker() -> None:
    if settings.CELERY_BROKER_URL:
        with current_app.connection_for_write(connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)


def check_cache() -> None:
    cache.set("health", "1", timeout=10)
    if cache.get("health") != "1":
        raise UnhealthyError("the cache forgets")


def check_storage() -> None:
    name = default_storage.save("health/check.txt", ContentFile(b"ok"))
    default_storage.delete(name)


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "migrations": check_migrations,
    "inbox": check_inbox,
    "broker": check_broker,
    "cache": check_cache,
    "storage": check_storage,
}
