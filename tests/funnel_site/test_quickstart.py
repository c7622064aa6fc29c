"""The newcomer's one command: a site with a demo day, and nothing twice."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

KEEP = ("PATH", "HOME", "PYTHONPYCACHEPREFIX")


def quickstart(var: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    env = {name: os.environ[name] for name in KEEP if name in os.environ}
    key = "a-key-of-this-test-alone-0123456789abcdef"
    return subprocess.run(
        [sys.executable, "manage.py", "quickstart", "--no-serve", *args],
        cwd=ROOT,
        env={**env, "VAR_DIR": str(var), "SECRET_KEY": key},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_demo_day_comes_out_as_a_funnel_and_a_second_run_changes_nothing(
    tmp_path: Path,
) -> None:
    first = quickstart(tmp_path)
    assert first.returncode == 0, first.stderr[-2000:]
    taken = re.search(r"([\d,]+) messages taken in, 0 refused", first.stdout)
    assert taken
    assert int(taken[1].replace(",", "")) >= 2_000
    assert re.search(r"Administrator: admin\s+password: \S{12,}", first.stdout)
    key = re.search(r"API key: (\S+\.\S+)", first.stdout)
    assert key
    total = re.search(
        r"all\s+│\s+([\d,]+)\s+│\s+([\d,]+)\s+│\s+([\d,]+)\s+│\s+IDR ([\d,]+)", first.stdout
    )
    assert total, first.stdout
    leads, bookings, transactions, value = (
        int(number.replace(",", "")) for number in total.groups()
    )
    assert leads >= bookings >= transactions > 0
    assert value > 0

    second = quickstart(tmp_path)
    assert second.returncode == 0
    assert "nothing was changed" in second.stdout
    assert "password" not in second.stdout
    assert key[1] not in second.stdout
    assert total[0] in second.stdout


@pytest.mark.parametrize("port", ["0", "70000", "eighty"])
def test_a_wrong_port_is_refused_before_anything_is_made(tmp_path: Path, port: str) -> None:
    done = quickstart(tmp_path, "--port", port)
    assert done.returncode != 0
    assert "port" in done.stderr.lower()
    assert not list(tmp_path.glob("*.sqlite3"))
