"""`ccqed lab`, as processes: controllers started, seen, dying and ended."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from sipyco.pc_rpc import Client

from tests.sockets import free_port

CCQED = (sys.executable, "-m", "ccqed_ctrl.cli", "lab")

DATABASE = """
def controller(port, command, host="::1"):
    command += " -p {{port}} --bind {{bind}}"
    return {{"type": "controller", "host": host, "port": port, "command": command}}

device_db = {{
    "dmd": controller({0}, "aqctl_ccqed_dmd --simulation"),
    "traps": controller({1}, "aqctl_ccqed_tweezers --simulation seed=3"),
    "far": controller(1, "aqctl_far", host="192.0.2.7"),
    "absent": controller({2}, "aqctl_that_nobody_has"),
    "hasty": controller({3}, "aqctl_ccqed_camera --driver none_such"),
    "core": {{"type": "local", "module": "a", "class": "B"}},
    "alias": "dmd",
}}
"""


class Lab:
    """A running `ccqed lab` and the lines that it has said."""

    def __init__(self, *words, **options):
        self.process = subprocess.Popen(
            [*CCQED, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )
        self.lines, self._coming = [], queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with self.process.stdout as output:
            for line in output:
                self._coming.put(line.rstrip())

    def close(self):
        """End it, and with it its controllers."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=60)
        self._reader.join(60)

    def hears(self, pattern, seconds=60):
        """Wait for a line."""
        deadline = time.monotonic() + seconds
        for line in self.lines:
            if re.search(pattern, line):
                return line
        while (left := deadline - time.monotonic()) > 0:
            try:
                self.lines.append(self._coming.get(timeout=left))
            except queue.Empty:
                break
            if re.search(pattern, self.lines[-1]):
                return self.lines[-1]
        raise AssertionError((pattern, self.lines))

    def ends(self, number=None):
        if number:
            self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        self.hears("^all controllers have ended$", 5)
        return code


@contextmanager
def lab(*words, **options):
    running = Lab(*words, **options)
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def ports():
    return [free_port() for _ in range(4)]


@pytest.fixture
def database(tmp_path, ports):
    path = tmp_path / "device_db.py"
    path.write_text(DATABASE.format(*ports))
    return path


def listens(port):
    try:
        socket.create_connection(("::1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_command_is_the_whole_twin_until_a_signal(number):
    port = free_port()
    words = ("--simulation", "--port", port, "--seed", 4, "--twin", "imaging.pixels=32")
    with lab(*words) as running:
        assert f"CCQED_TWIN=[::1]:{port} " in running.hears("CCQED_TWIN")
        line = running.hears("^twin runs: ")
        for model in ("camera", "DMD", "lock", "tweezers"):
            assert f"simulated {model}" in line
        client = Client("::1", port, "plant")
        assert client.identity()["seed"] == 4
        assert client.identity()["truth"]["imaging"]["pixels"] == 32
        client.close_rpc()
        assert running.ends(number) == 0
        assert not listens(port)
        assert not any("WARNING" in line for line in running.lines)


def test_the_controllers_of_the_device_database(ports, database):
    with lab("dmd", "traps", "--device-db", database) as running:
        running.hears("^dmd runs: simulated DMD patterns=.. displayed=-1$")
        running.hears("^traps runs: simulated tweezers sites=0$")
        client = Client("::1", ports[1], "tweezers")
        client.set_positions([[1e-5, 0.0]])
        client.close_rpc()
        assert running.ends(signal.SIGINT) == 0
    assert not any(listens(port) for port in ports)


def test_one_that_dies_is_named_and_not_started_again(ports, database):
    with lab("dmd", "traps", "--device-db", database) as running:
        running.hears("^dmd runs")
        running.hears("^traps runs")
        os.kill(pid_at(ports[0]), signal.SIGKILL)
        assert running.hears("^dmd died") == "dmd died: signal 9"
        time.sleep(2.5)
        assert not listens(ports[0])
        assert listens(ports[1])
        assert running.ends(signal.SIGTERM) == 1


def pid_at(port):
    """Return the process that was started to listen at a port."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(port).encode() in words and b"-p" in words:
            return int(entry.name)
    raise AssertionError(port)


def test_what_cannot_run_is_said_and_the_others_do(database):
    with lab("--device-db", database) as running:
        absent = running.hears("^absent not started")
        assert absent == "absent not started: aqctl_that_nobody_has is not installed"
        hasty = running.hears("^hasty died")
        assert "exit code 2: aqctl_ccqed_camera: no driver 'none_such'" in hasty
        running.hears("^dmd runs")
        running.hears("^traps runs")
        assert running.ends(signal.SIGTERM) == 1
        assert not any("far" in line for line in running.lines)


def test_when_none_is_left_it_ends(database):
    with lab("absent", "hasty", "--device-db", database) as running:
        assert running.ends() == 1


def test_one_that_does_not_answer_is_seen(ports, database):
    with lab("traps", "--device-db", database) as running:
        running.hears("^traps runs")
        victim = pid_at(ports[1])
        os.kill(victim, signal.SIGSTOP)
        running.hears("^traps not answering: ")
        os.kill(victim, signal.SIGCONT)
        running.lines.clear()
        running.hears("^traps runs")
        # And one that does not end is killed.
        os.kill(victim, signal.SIGSTOP)
        assert running.ends(signal.SIGTERM) == 0
        running.hears("^traps did not end: killed")


def test_the_nearest_device_database_and_its_refusals(ports, database):
    below = database.parent / "a"
    below.mkdir()
    done = said("camera", cwd=below)
    assert done.returncode == 2
    assert "has no controller 'camera' that would start on this machine; it has: " in (
        done.stderr
    )
    assert "dmd, traps, absent, hasty" in done.stderr
    assert "artiq_ctlmgr" not in done.stderr
    with socket.create_server(("::1", ports[0]), family=socket.AF_INET6):
        done = said("traps", "dmd", cwd=below)
    assert done.returncode == 1
    assert f"dmd: somebody listens at [::1]:{ports[0]} already" in done.stderr
    assert "traps" not in done.stdout  # nothing was started
    done = said("--simulation", "dmd", cwd=below)
    assert done.returncode == 2
    assert "'dmd' cannot be started alone" in done.stderr


def said(*words, **options):
    return subprocess.run(
        [*CCQED, *words], capture_output=True, text=True, timeout=60, **options
    )
