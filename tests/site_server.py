"""The site as it is run: granian, with its own database, over loopback."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT, Site


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serve(site: Site, env: Mapping[str, str], *, threads: int = 8) -> Iterator[str]:
    """Serve the site with these variables on top of its own; yields its address."""
    port = free_port()
    granian = Path(sys.executable).with_name("granian")
    process = subprocess.Popen(
        [
            granian,
            "--interface=wsgi",
            "--host=127.0.0.1",
            f"--port={port}",
            "--workers=1",
            f"--blocking-threads={threads}",
            "--workers-kill-timeout=5",
            "--no-access-log",
            "--log-level=warning",
            "funnel_site.wsgi:application",
        ],
        cwd=ROOT,
        env={**os.environ, **site.env, **env},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            time.sleep(0.2)
            try:
                with urllib.request.urlopen(f"{address}/healthz", timeout=1):
                    break
            except OSError:
                continue
        else:
            raise AssertionError("the site did not start")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
