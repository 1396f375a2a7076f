"""Checkpoints are made when something changed, and only then."""

from __future__ import annotations

import threading
import time

from ccqed_ctrl.errors import ResultsError
from sim_backend.host.checkpoint import Checkpoints


class Run:
    def __init__(self, fails=False):
        self.revision = 0
        self.fails = fails
        self.written = []
        self.wrote = threading.Event()

    def write(self):
        self.written.append(self.revision)
        self.wrote.set()
        if self.fails:
            raise ResultsError("disk full")

    def checkpoints(self):
        return Checkpoints(self.write, lambda: self.revision, interval=0.01)


def test_nothing_new_nothing_written():
    run = Run()
    with run.checkpoints():
        time.sleep(0.1)
    assert run.written == []


def test_each_change_is_written_once():
    run = Run()
    with run.checkpoints():
        run.revision = 3
        assert run.wrote.wait(10)
        time.sleep(0.1)
    assert run.written == [3]


def test_a_failure_is_logged_and_the_run_goes_on(caplog):
    run = Run(fails=True)
    with run.checkpoints():
        run.revision = 1
        assert run.wrote.wait(10)
    assert "disk full" in caplog.text
