"""How long a large import is checked, and how much memory that takes, by the number of its rows.

    DATABASE_URL=postgres://… python -m benchmarks.large_import [--rows 2000 8000]

Each size is checked by a process of its own. The rows are new products: the list with a plain resource.
"""

import argparse
import os
import resource
import subprocess
import sys
import time

from benchmarks.databases import ROOT, fresh_database, set_up_django

HEAD = "product_id,product_name,category,brand,price,launch_date\n"


def check(rows: int) -> None:
    """Check one file in this process: seconds, also to the first rows, its own time, and megabytes."""
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.core.files.uploadedfile import SimpleUploadedFile

    from funnel_site.imports import applying, beating, services

    services.start = lambda **_: None
    user, _ = User.objects.get_or_create(username="chief", is_superuser=True, is_staff=True)
    text = HEAD + "".join(f"{n},Tea {n},Drinks,Leaf,10,2025-01-01\n" for n in range(rows))
    file = SimpleUploadedFile("products.csv", text.encode())
    del text
    job = services.hand_in(
        user=user,
        report="customer360.product",
        file=file,
        format="csv",
        rows=rows,
        language="en",
    )
    del file
    before, first = _megabytes(), []
    began, worked = time.perf_counter(), time.process_time()
    real = beating.write

    def note(*args: object, **values: object) -> None:
        first.append(time.perf_counter() - began)
        real(*args, **values)  # type: ignore[arg-type]

    vars(applying)["write"] = note
    state = services.run(job_id=job.pk)
    took, own = time.perf_counter() - began, time.process_time() - worked
    print(
        f"{rows:9,} rows {state}: first rows after {first[0]:.2f} s, all after {took:.1f} s"
        f" ({own / rows * 1_000:.1f} ms of this process a row),"
        f" {before:.0f} MB before and {_megabytes():.0f} MB at most"
    )
    services.cancel(job=job)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[2_000, 8_000])
    parser.add_argument("--child", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        check(given.child)
        return
    with fresh_database() as url:
        set_up_django(url)
        env = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
        for rows in given.rows:
            command = [sys.executable, "-m", "benchmarks.large_import", "--child", str(rows)]
            subprocess.run(command, cwd=ROOT, env=env, check=True)


if __name__ == "__main__":
    main()
