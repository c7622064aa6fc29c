"""A site's commands without a start of Python for each: one process loads the site, and forks for every one.

A command is a process of its own nevertheless: it is heard, killed and waited for alone. What a start
of Python itself does is shown where a site is started as by hand.
"""

import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
NUMBER = struct.Struct("i")
LONGEST = 200_000


class Process:
    """What subprocess.Popen is for a process that one starts oneself."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.returncode: int | None = None
        self.pid = NUMBER.unpack(line.recv(NUMBER.size))[0]

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("manage.py", timeout or 0)
            self.returncode = NUMBER.unpack(self._line.recv(NUMBER.size))[0]
            self._line.close()
        return self.returncode

    def poll(self) -> int | None:
        try:
            return self.wait(timeout=0)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class Loaded:
    """A process that has loaded a site with these variables, and waits to fork."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = dict(env)
        self._line, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            command = [sys.executable, "-m", "tests.forking", str(other.fileno())]
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self.env, pass_fds=[other.fileno()]
            )

    def start(
        self, module: str, *args: str, files: tuple[IO[bytes], IO[bytes], IO[bytes]]
    ) -> Process:
        """Run a module as `python -m` does; files are its input, its output and its complaints."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            words = json.dumps([module, *args]).encode()
            handles = [theirs.fileno(), *(file.fileno() for file in files)]
            socket.send_fds(self._line, [words], handles)
        return Process(ours)

    def close(self) -> None:
        self._line.close()
        self._process.wait()


def serve(line: socket.socket) -> None:
    """Fork for every command that comes, until nobody is there to send one; children return."""
    # Who waits for a command is waited for by nobody.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        words, handles, _, _ = socket.recv_fds(line, LONGEST, 4)
        if not words:
            return
        if not os.fork():
            line.close()
            run(socket.socket(fileno=handles[0]), handles[1:], json.loads(words))
            return
        for handle in handles:
            os.close(handle)


def run(teller: socket.socket, handles: list[int], words: list[str]) -> None:
    """Fork the command's own process; tell its number, and when it has ended, how."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    number = os.fork()
    if number:
        teller.send(NUMBER.pack(number))
        _, status = os.waitpid(number, 0)
        teller.send(NUMBER.pack(os.waitstatus_to_exitcode(status)))
        os._exit(0)
    teller.close()
    for place, handle in enumerate(handles):
        os.dup2(handle, place)
        os.close(handle)
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__")


if __name__ == "__main__":
    import django

    django.setup()
    serve(socket.socket(fileno=int(sys.argv[1])))
