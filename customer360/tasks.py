"""Celery's way to the builds."""

from celery import shared_task

from customer360.models import ProfileBuild
from customer360.services import building, checking, duplicates, segments

LONGEST = 3 * 3600


@shared_task(
    name="customer360.tasks.build_changed_profiles",
    time_limit=LONGEST,
    soft_time_limit=LONGEST - 60,
)
def build_changed_profiles() -> None:
    """The scheduled build. Where one is running, or nothing has changed, there is nothing to do."""
    if not building.something_changed():
        return
    try:
        building.build_profiles()
    except building.BuildRunningError:
        return


@shared_task(name="customer360.tasks.run_build", time_limit=LONGEST, soft_time_limit=LONGEST - 60)
def run_build(build_id: int) -> None:
    """Do the build that a member of staff began."""
    build = ProfileBuild.objects.filter(
        pk=build_id, state=ProfileBuild.State.RUNNING, steps_done=0, step=""
    ).first()
    if build is not None:
        building.run_build(build)


@shared_task(
    name="customer360.tasks.find_duplicates", time_limit=LONGEST, soft_time_limit=LONGEST - 60
)
def find_duplicates() -> int:
    """Look for customers who may be one person, every night and when staff ask."""
    return duplicates.find_duplicates()


@shared_task(
    name="customer360.tasks.refresh_segments", time_limit=LONGEST, soft_time_limit=LONGEST - 60
)
def refresh_segments() -> int:
    """Note every night who has entered and who has left each saved segment."""
    return segments.refresh_segments()


@shared_task(name="customer360.tasks.check_model", time_limit=LONGEST, soft_time_limit=LONGEST - 60)
def check_model() -> int:
    """Hold the churn model against what customers did, every night; returns the check's number."""
    return int(checking.check_model().pk)
