"""Servers in processes of their own, and ports for them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket(socket.AF_INET6) as found:
        found.bind(("::1", 0))
        return found.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen[str], seconds: float = 60) -> None:
    """Wait until somebody listens at both local addresses."""
    deadline = time.monotonic() + seconds
    for host in ("127.0.0.1", "::1"):
        while True:
            try:
                socket.create_connection((host, port), 1).close()
                break
            except OSError:
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline, "the server does not listen"
                time.sleep(0.05)


@contextmanager
def serving(*command: str | Path, port: int, **environment: str):
    """Run a server until the end of the block; give its process."""
    process = subprocess.Popen(
        [sys.executable, *map(str, command)],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(port, process)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


#: Runs aqctl_ccqed_twin, installed or not.
TWIN = "import sys; from sim_backend.laboratory.server import twin; sys.exit(twin())"


@contextmanager
def twin(*truth: str, seed: int = 0, **environment: str):
    """Run the process that holds the plant; give its port."""
    port = free_port()
    options = [word for text in truth for word in ("--twin", text)]
    command = ("-c", TWIN, "-p", str(port), "--seed", str(seed), *options)
    with serving(*command, port=port, **environment):
        yield port
