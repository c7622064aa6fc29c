"""`manage.py build_profiles [--full|--changed]`"""

import argparse
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from customer360.models import ProfileBuild
from customer360.services.building import STEPS, BuildRunningError, build_profiles
from funnel_site.lib.console import progress


class Command(BaseCommand):
    help = (
        "Build the customer profiles: of the customers that changed since the last build, or of "
        "all. Both end the same; readers see the old profiles until the new ones are in place."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = "Example:\n  manage.py build_profiles --changed"
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--full", action="store_true", help="all customers")
        which.add_argument(
            "--changed",
            action="store_true",
            help="the changed ones (the default); all before the first build and on a new day",
        )
        parser.add_argument(
            "--as-of",
            type=_day,
            default=None,
            metavar="DATE",
            help="the day the scores are of; today",
        )
        parser.add_argument(
            "--refit", action="store_true", help="fit the purchase models anew in any case"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        mode = ProfileBuild.Mode.FULL if options["full"] else ProfileBuild.Mode.CHANGED
        with progress("building profiles", total=len(STEPS), out=self.stderr) as advance:
            try:
                build = build_profiles(
                    mode=mode,
                    as_of=options["as_of"],
                    refit=options["refit"],
                    told=lambda build: advance(build.steps_done),
                )
            except BuildRunningError as error:
                raise CommandError("another build is running") from error
        for step, seconds in build.results["seconds"].items():
            self.stdout.write(f"{step}: {seconds:.1f} s")
        self.stdout.write(
            f"Build {build.pk}: {build.customers:,} profiles ({build.get_mode_display().lower()})"
            f" as of {build.as_of}, scored by {build.fit.model}"
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("a date as YYYY-MM-DD") from error
