"""How long a large import is checked, how soon its first rows are seen, and the memory, by its rows.

    DATABASE_URL=postgres://… python -m benchmarks.large_import [--rows 2000 8000] [--first 2000 800000]

Each size is taken by a process of its own. The rows are new products: the list with a plain resource.
The first rows are timed from the press of the button: the upload, the counting of its rows, the copies,
the check of the first hundred, and the page that shows them; then the check is stopped. Besides, a
worker has to hear of the job, and the page asks once a second.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

from benchmarks.databases import ROOT, fresh_database, set_up_django

FIRST = "seconds to the first rows: "
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


def first_rows(rows: int) -> None:
    """Hand one file in by the list's page, and say after how many seconds the job's page shows rows."""
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    from funnel_site.imports import applying, beating, services
    from funnel_site.imports.models import ImportJob

    settings.IMPORT_MOST_ROWS = 0
    services.start = lambda **_: None
    user, _ = User.objects.get_or_create(username="chief", is_superuser=True, is_staff=True)
    client, real, seen = Client(SERVER_NAME="localhost"), beating.write, []
    client.force_login(user)

    def look(job: ImportJob, **values: object) -> None:
        real(job, **values)
        page = client.get(f"/admin/imports/importjob/job/{job.token}/").content
        seen.append((time.perf_counter() - began, page.count(b"<ins>Tea ")))
        raise beating.StoppedError

    vars(applying)["write"] = look
    with tempfile.TemporaryFile() as file:
        file.write(HEAD.encode())
        file.writelines(f"{n},Tea {n},Drinks,Leaf,10,2025-01-01\n".encode() for n in range(rows))
        size = file.tell()
        file.seek(0)
        body = {"import_file": file, "format": "1", "resource": "0"}
        began = time.perf_counter()
        answer = client.post("/admin/customer360/product/import/", body)
    uploaded = time.perf_counter() - began
    assert answer.status_code == 302, answer.status_code
    job = ImportJob.objects.latest("pk")
    services.run(job_id=job.pk)
    services.cancel(job=job)
    ((took, shown),) = seen
    assert shown == 100
    print(
        f"{rows:9,} rows, {size / 2**20:.0f} MB: the first {shown} shown after {took:.2f} s"
        f" (upload {uploaded:.2f} s), {_megabytes():.0f} MB at most"
    )
    print(f"{FIRST}{took}")


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[2_000, 8_000])
    parser.add_argument("--first", type=int, nargs="*", default=[2_000, 800_000])
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        CHILDREN[given.child[0]](int(given.child[1]))
        return
    with fresh_database() as url:
        set_up_django(url)
        env = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
        took = [_by_itself("first", rows, env) for rows in given.first]
        if took:
            print(
                f"time to the first rows: {took[-1]:.2f} s (goal below 10 s),"
                f" most rows to fewest {took[-1] / took[0]:.1f}"
            )
        for rows in given.rows:
            _by_itself("check", rows, env)


def _by_itself(kind: str, rows: int, env: dict[str, str]) -> float:
    """Run one size in a process of its own; the seconds to its first rows where it says them."""
    command = [sys.executable, "-m", "benchmarks.large_import", "--child", kind, str(rows)]
    done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True)
    lines = done.stdout.splitlines()
    print("\n".join(line for line in lines if not line.startswith(FIRST)), flush=True)
    return next((float(line[len(FIRST) :]) for line in lines if line.startswith(FIRST)), 0.0)


CHILDREN = {"check": check, "first": first_rows}


if __name__ == "__main__":
    main()
