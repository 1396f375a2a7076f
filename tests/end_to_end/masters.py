"""A real `artiq_master`, and what a dashboard asks of one."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import h5py

from .conftest import ROOT

#: Seconds; a busy machine may need many.
PATIENCE = 300
PORTS = ("notify", "control", "logging", "broadcast")


def wait_for(condition, what, patience=PATIENCE):
    """Wait until a condition gives something true, and return that."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {patience} s for {what()}"
        time.sleep(0.2)
    return found


class Master:
    """`artiq_master` on our device database, in a folder of its own."""

    def __init__(self, folder, *options, device_db=ROOT / "device_db.py"):
        self.folder = folder
        self.ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
        command = [
            sys.executable, "-m", "artiq.frontend.artiq_master",
            "-v", "--device-db", device_db, "--bind", "127.0.0.1", *options,
        ]  # fmt: skip
        for name, port in self.ports.items():
            command += [f"--port-{name}", str(port)]
        environment = os.environ | {"CCQED_BACKEND": "simulation"}
        with (folder / "master.log").open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=log, stderr=log
            )
        try:
            wait_for(self._answers, lambda: self.log)
        except BaseException:
            self.close()
            raise

    def _answers(self):
        """Whether it has read its repository and listens, which come in any order."""
        if "repository scan took" not in self.log:
            return False
        try:
            socket.create_connection(("127.0.0.1", self.ports["control"])).close()
        except ConnectionRefusedError:
            return False
        return True

    @property
    def log(self):
        """All that the master and its workers have said."""
        return (self.folder / "master.log").read_text()

    def ask(self, target, method, *arguments, **options):
        """Call a method of the master, as its clients do."""
        from sipyco.pc_rpc import Client

        client = Client("127.0.0.1", self.ports["control"], target)
        try:
            return getattr(client, method)(*arguments, **options)
        finally:
            client.close_rpc()

    def submit(self, file, class_name, arguments, priority=0):
        """Submit an experiment of the repository, as the dashboard does; its number."""
        expid = {
            "devarg_override": {}, "log_level": 20, "file": file, "repo_rev": None,
            "class_name": class_name, "arguments": arguments,
        }  # fmt: skip
        return self.ask("schedule", "submit", "main", expid, priority)

    def states(self):
        """Return the state of every run that is not over, by number."""
        status = self.ask("schedule", "get_status")
        return {rid: run["status"] for rid, run in status.items()}

    def progress(self):
        """Return how many shots the last run has done, as applets are told."""
        found = self.ask("dataset_db", "get", "progress.done")
        return int(found)

    def wait(self, condition):
        """Wait until a condition is met; the log says why it never was."""
        return wait_for(condition, lambda: self.log)

    def finished(self, rid):
        """Wait until a run is over; return its results file, None without one."""
        self.wait(lambda: rid not in self.states())
        return next(self.folder.glob(f"results/*/*/{rid:09d}-*.h5"), None)

    def close(self):
        """End the master, as its operator would."""
        self.process.terminate()
        self.process.wait(timeout=60)


def contents(file):
    """Return the datasets of a results file by name, texts as texts."""
    with h5py.File(file) as opened:
        return {name: _value(item) for name, item in opened["datasets"].items()}


def complaints(log):
    """Return the lines of a master's log that no clean run leaves."""
    return re.findall(r"^.*(?:WARNING|ERROR|Traceback).*$", log, re.MULTILINE)


def _value(dataset):
    if h5py.check_string_dtype(dataset.dtype) is None:
        return dataset[()]
    return dataset.asstr()[()]


def _free_ports(count):
    with ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(count)]
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]
