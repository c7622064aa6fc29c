"""The operator's two pages: what runs, and how the system does."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django_celery_beat.admin import (
    ClockedScheduleAdmin,
    CrontabScheduleAdmin,
    IntervalScheduleAdmin,
    PeriodicTaskAdmin,
    PeriodicTaskForm,
    SolarScheduleAdmin,
    TaskSelectWidget,
)
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from conversations.services.replaying import dead_letters, replay, takes_two
from funnel_site.lib.listing import ExportList
from funnel_site.lib.marking import marked
from funnel_site.lib.money import shown_count
from funnel_site.lib.staff import RecordAdmin, display
from funnel_site.lib.words import translated
from operations.alarms import alarms_of
from operations.doors import BOUNDS
from operations.models import TaskRun
from operations.selectors import works
from operations.services import NotStartedError, run_now, set_schedule
from operations.system import health

HEALTH = "operations.view_health"
VIEW, RUN = "operations.view_operations", "operations.run_operations"
REPLAY = "conversations.change_inboundevent"
DRAIN = "conversations.tasks.drain_inbox"


# The package's own pages; ours have the export besides.
admin.site.unregister(PeriodicTask)
TIMES: tuple[tuple[type[Any], type[Any]], ...] = (
    (ClockedSchedule, ClockedScheduleAdmin),
    (CrontabSchedule, CrontabScheduleAdmin),
    (IntervalSchedule, IntervalScheduleAdmin),
    (SolarSchedule, SolarScheduleAdmin),
)
for times, own in TIMES:
    admin.site.unregister(times)
    admin.site.register(times, type(own.__name__, (ExportList, own, ModelAdmin), {}))


class TaskField(UnfoldAdminSelectWidget, TaskSelectWidget):
    """The package's list of tasks in the theme's looks."""


class ScheduleForm(PeriodicTaskForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "task" in self.fields:
            self.fields["task"].widget = UnfoldAdminTextInputWidget()
            self.fields["regtask"].widget = TaskField()


@admin.register(PeriodicTask)
class ScheduleAdmin(ExportList, PeriodicTaskAdmin, ModelAdmin):
    """Arguments stay out of a file: a schedule of one's own may hold a secret there."""

    form = ScheduleForm
    list_display = ("shown_name", *PeriodicTaskAdmin.list_display[1:])

    @display(description=gettext_lazy("Name"), ordering="name")
    def shown_name(self, row: PeriodicTask) -> str:
        return translated(row.name)

    export_columns = (
        "name",
        "task",
        "enabled",
        "interval__every",
        "interval__period",
        "start_time",
        "expires",
        "last_run_at",
        "total_run_count",
        "date_changed",
        "description",
    )


@admin.register(TaskRun)
class TaskRunAdmin(RecordAdmin):
    few_rows = True
    list_display = ("task", "state", "started_at", "seconds", "failures", "error")
    ordering = ("task",)

    def get_urls(self) -> Any:
        wrap = self.admin_site.admin_view
        post = {"run": self.run_view, "schedule": self.schedule_view, "replay": self.replay_view}
        return [
            path("overview/", wrap(self.overview_view), name="operations_overview"),
            path("system/", wrap(self.system_view), name="operations_system"),
            *(
                path(f"{name}/", wrap(require_POST(view)), name=f"operations_{name}")
                for name, view in post.items()
            ),
            *super().get_urls(),
        ]

    def overview_view(self, request: HttpRequest) -> HttpResponse:
        """Every kind of work: progress, last result, next run, and its buttons."""
        self._check(request, VIEW)
        listed = works()
        for work in listed:
            work.link = reverse(f"admin:{work.link}") if work.link else ""
        return self._page(
            request,
            "overview",
            _("What runs"),
            works=listed,
            drain=DRAIN,
            may_run=request.user.has_perm(RUN),
            may_replay=request.user.has_perm(REPLAY),
        )

    def system_view(self, request: HttpRequest) -> HttpResponse:
        """Inbox lag, throughput, failures, queue and disk."""
        if not (request.user.has_perm(VIEW) or request.user.has_perm(HEALTH)):
            raise PermissionDenied
        found = health()
        return self._page(
            request,
            "system",
            _("System"),
            health=found,
            alarms=alarms_of(found),
            longest=BOUNDS[-1],
        )

    def run_view(self, request: HttpRequest) -> HttpResponse:
        self._check(request, RUN)
        try:
            run_now(task=request.POST.get("task", ""))
        except NotStartedError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Started. Its result is on this page in a moment."))
        return redirect("admin:operations_overview")

    def schedule_view(self, request: HttpRequest) -> HttpResponse:
        """Pause or resume."""
        self._check(request, RUN)
        number = request.POST.get("schedule", "")
        is_on = request.POST.get("on") == "1"
        if number.isdecimal() and set_schedule(schedule_id=int(number), is_on=is_on):
            messages.success(request, _("Resumed.") if is_on else _("Paused."))
        else:
            messages.error(request, _("There is no such schedule any more."))
        return redirect("admin:operations_overview")

    def replay_view(self, request: HttpRequest) -> HttpResponse:
        """Put all dead letters back in line; more than one person may, on the page that asks why."""
        self._check(request, REPLAY)
        if takes_two(dead_letters().count()):
            return redirect("admin:conversations_inboundevent_replay_all")
        number = replay(dead_letters())
        self.log_change(
            request, TaskRun(task=DRAIN), marked("Replayed %(number)s dead letters", number=number)
        )
        messages.success(request, _("Put %s dead letters back in line.") % shown_count(number))
        return redirect("admin:operations_overview")

    def _check(self, request: HttpRequest, permission: str) -> None:
        if not request.user.has_perm(permission):
            raise PermissionDenied

    def _page(self, request: HttpRequest, name: str, title: str, **extra: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "title": title, **extra}
        return TemplateResponse(request, f"admin/operations/{name}.html", context)
