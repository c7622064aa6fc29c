"""A million funnels of the admin's list to CSV by the background job, against `psql \\copy` of the same rows.

DATABASE_URL=postgres://… python -m benchmarks.background_export [--rows 1000000] [--format csv]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.databases import ROOT, copy_seconds, fresh_database, set_up_django
from benchmarks.report_export import fill

JOB = """
import os, resource, sys
import django
django.setup()
from django.contrib.auth.models import User
from funnel_site.exports.models import ExportJob
from funnel_site.exports.services import run
from django.utils.timezone import now
user = User.objects.create_superuser("bench")
job = ExportJob.objects.create(user=user, who="bench", report="funnels.funnel", format=sys.argv[1],
                               profile="spreadsheet", name="funnels." + sys.argv[1], asked_at=now())
import time
started = time.perf_counter()
state = run(job_id=job.pk)
seconds = time.perf_counter() - started
job.refresh_from_db()
import json
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps({"state": state, "rows": job.rows_done, "seconds": seconds, "peak": peak,
                  "size": job.size, "file": job.file}))
"""


def product(url: str, kind: str, folder: str) -> dict[str, object]:
    """What the job says of itself: state, rows, seconds, peak memory in MB, bytes."""
    env = {
        **os.environ,
        "DATABASE_URL": url,
        "VAR_DIR": folder,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", JOB, kind], cwd=ROOT, env=env, check=True, capture_output=True
    )
    figures: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return figures


def floor_seconds(out: Path, url: str) -> float:
    """Seconds of psql for the same columns of the same rows in the same order."""
    from funnel_site.lib.export_rows import plain_paths
    from funnels.models import Funnel
    from funnels.resources import FunnelResource

    paths = plain_paths(FunnelResource()) or []
    rows = Funnel.objects.order_by("-leads_date", "-pk").values_list(*paths)
    return copy_seconds(out, url, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--format", choices=("csv", "xlsx"), default="csv")
    given = parser.parse_args()
    with fresh_database() as url, tempfile.TemporaryDirectory() as folder:
        set_up_django(url)
        fill(url, given.rows)
        floor = floor_seconds(Path(folder) / "floor.csv", url)
        figures = product(url, given.format, folder)
    assert (figures["state"], figures["rows"]) == ("ready", given.rows), figures
    seconds = float(str(figures["seconds"]))
    print(
        f"product: {seconds:6.1f} s  {given.rows / seconds:,.0f} rows/s  {given.format}"
        f"  peak {figures['peak']} MB (goal below 200)"
    )
    print(
        f"floor:   {floor:6.1f} s  {given.rows / floor:,.0f} rows/s  psql \\copy of the same rows"
    )
    print(f"ratio:   {floor / seconds:.2f}")


if __name__ == "__main__":
    main()
