"""Processes and a real Dask cluster on this machine; workers and clients get killed.

Whatever happens, the results are those of one process, bit by bit.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from analysis.campaign import (
    Cluster,
    Processes,
    Study,
    engine_of,
    in_process,
    load,
    run,
)
from ccqed_ctrl.errors import CcqedError, ParameterError, ResultsError

from . import campaign_studies as studies

ROOT = Path(__file__).parents[2]
GRID = {"width": [1, 2, 3, 4], "nap": [0.02]}
#: Seconds that anything may take here; a busy machine may need many.
PATIENCE = 300

# Dask leaves sockets and loops to the garbage collector when a peer is killed.
pytestmark = pytest.mark.filterwarnings("default::ResourceWarning")


def sleepy(seeds=15):
    return Study("sleepy", studies.sleepy, GRID, seeds=seeds)


def assert_equal(found, expected):
    assert found.complete
    assert expected.complete
    for name in ("mean", "counts", "product"):
        assert found.array(name).tobytes() == expected.array(name).tobytes()


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE} s for {what}")


@pytest.fixture(scope="module")
def importable():
    """Let other processes import the study functions, as ours does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.syspath_prepend(ROOT)
        yield


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What one process makes of the study."""
    return run(sleepy(), tmp_path_factory.mktemp("expected") / "store.sqlite")


class Machines:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.processes = [
            self._start(
                "scheduler", "--port", 0, "--no-dashboard", "--host", "127.0.0.1"
            )
        ]
        self.address = wait_for(self._read_address, "the scheduler")

    def _read_address(self):
        with contextlib.suppress(OSError, ValueError):  # not there, half written
            return json.loads(self.file.read_text())["address"]
        return None

    def add_worker(self):
        options = "--nthreads", 1, "--no-dashboard", "--no-nanny"
        self.processes.append(self._start("worker", *options))
        return self.processes[-1]

    def _start(self, what, *options):
        command = [
            sys.executable, "-m", f"distributed.cli.dask_{what}",
            "--scheduler-file", self.file, *options,
        ]  # fmt: skip
        with (self.folder / f"{what}.log").open("a") as log:
            return subprocess.Popen(
                list(map(str, command)), cwd=self.folder, stdout=log, stderr=log
            )

    def stop(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def machines(importable, tmp_path_factory):
    made = Machines(tmp_path_factory.mktemp("machines"))
    for _ in range(3):
        made.add_worker()
    yield made
    made.stop()


def killing(engine, after, kill):
    """Return an engine that calls `kill` once after so many outcomes."""

    def wrapped(study, tasks):
        outcomes = engine(study, tasks)
        with contextlib.closing(outcomes):
            for count, outcome in enumerate(outcomes):
                if count == after:
                    kill()
                yield outcome

    return wrapped


@pytest.mark.parametrize("workers", [1, 3])
def test_any_number_of_processes(importable, tmp_path, expected, workers):
    store = tmp_path / "store.sqlite"
    assert_equal(run(sleepy(), store, engine=Processes(workers)), expected)


def test_a_dask_cluster_that_runs_already(machines, tmp_path, expected):
    store = tmp_path / "store.sqlite"
    assert_equal(run(sleepy(), store, engine=Cluster(machines.address)), expected)


def listening():
    """Return (process, address, port) where this process and its children listen."""
    me = psutil.Process()
    return {
        (process.pid, *socket.laddr)
        for process in (me, *me.children(recursive=True))
        for socket in process.net_connections("inet")
        if socket.status == psutil.CONN_LISTEN
    }


def test_a_dask_cluster_started_here_is_open_to_this_machine_alone(
    importable, tmp_path, expected
):
    others, heard = listening(), set()
    engine = killing(Cluster(workers=2), 10, lambda: heard.update(listening()))
    assert_equal(run(sleepy(), tmp_path / "store.sqlite", engine=engine), expected)
    assert {address for _, address, _ in heard - others} == {"127.0.0.1"}


@pytest.mark.parametrize(("nap", "later"), [(0.02, 0.0), (4.0, 1.0)])
def test_a_scheduler_that_dies_is_a_sentence(importable, tmp_path, capfd, nap, later):
    """Also while the client only waits for its workers."""
    grid = {"width": list(range(30)), "nap": [nap]}
    made = Study("sleepy", studies.sleepy, grid)
    store = tmp_path / "store.sqlite"
    own = Machines(tmp_path)
    own.add_worker()
    kill = threading.Timer(later, own.processes[0].kill)
    try:
        with pytest.raises(ResultsError, match=f"scheduler at {own.address} is gone"):
            run(made, store, engine=killing(Cluster(own.address), 1, kill.start))
    finally:
        own.stop()
    assert "Traceback" not in capfd.readouterr().err
    assert 1 <= len(load(store, made)) < 30


def test_a_killed_dask_worker_costs_nothing(machines, tmp_path, expected):
    victim = machines.add_worker()
    engine = killing(Cluster(machines.address), 10, victim.kill)
    results = run(sleepy(), tmp_path / "store.sqlite", engine=engine)
    assert victim.wait() == -signal.SIGKILL
    assert_equal(results, expected)


def children():
    return [
        child
        for child in psutil.Process().children()
        if "--multiprocessing-fork" in child.cmdline()
        and "spawn_main" in " ".join(child.cmdline())
    ]


def test_a_killed_process_costs_nothing(importable, tmp_path, expected):
    engine = killing(Processes(2), 10, lambda: children()[-1].kill())
    assert_equal(run(sleepy(), tmp_path / "store.sqlite", engine=engine), expected)
    assert not children()


CLIENT = """
import signal
import sys
from analysis.campaign import Cluster, Processes, Study, run
from tests.analysis import campaign_studies as studies

if __name__ == "__main__":
    # A shell's background job, as tests may be run, is started deaf to SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    store, address = sys.argv[1:]
    engine = Cluster(address) if address else Processes(2)
    grid = {"width": [1, 2, 3, 4], "nap": [0.02]}
    run(Study("sleepy", studies.sleepy, grid, seeds=15), store, engine=engine)
"""


@pytest.mark.parametrize("engine", ["dask", "processes"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_client_loses_nothing(
    request, importable, tmp_path, expected, engine, how
):
    store = tmp_path / "store.sqlite"
    (tmp_path / "client.py").write_text(CLIENT)
    address = request.getfixturevalue("machines").address if engine == "dask" else ""
    client = subprocess.Popen(
        [sys.executable, "client.py", store, address], cwd=tmp_path,
        stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    wait_for(lambda: store.exists() and len(load(store, sleepy())) > 9, "ten tasks")
    workers = psutil.Process(client.pid).children(recursive=True)
    client.send_signal(how)
    client.communicate(timeout=PATIENCE)
    assert client.returncode != 0
    wait_for(lambda: not any(w.is_running() for w in workers), "its workers to go")
    done = len(load(store, sleepy()))
    assert 10 <= done < 60
    ran = []

    def counting(study, tasks):
        for outcome in in_process(study, tasks):
            ran.append(outcome.task.key)
            yield outcome

    assert_equal(run(sleepy(), store, engine=counting), expected)
    assert len(set(ran)) == len(ran) == 60 - done


def test_the_task_that_kills_its_worker_is_named(importable, tmp_path):
    made = Study("deadly", studies.deadly, {"width": [11, 12, 13, 14]})
    results = run(made, tmp_path / "store.sqlite", engine=Processes(2))
    assert len(results) == 3
    (failure,) = results.failures
    assert failure.task.point == {"width": 13}
    assert "the worker process died" in failure.error


def test_a_worker_with_other_code_refuses(tmp_path, monkeypatch):
    """What a worker of an outdated installation does: its module is another."""
    file = tmp_path / "half_updated_study.py"
    file.write_text("def work(point, rng):\n    return {'x': point['x']}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    made = Study("half", importlib.import_module(file.stem).work, {"x": [1, 2]})
    assert made.code
    file.write_text("def work(point, rng):\n    return {'x': 2 * point['x']}\n")
    store = tmp_path / "store.sqlite"
    refused = "ResultsError: this worker has other code of the study than the client"
    with pytest.raises(CcqedError, match=f"all 2 tasks failed.*{refused}"):
        run(made, store, engine=Processes(1))
    failures = load(store, made).failures
    assert {failure.error for failure in failures} == {refused}


def test_failures_come_back_from_a_cluster(machines, tmp_path):
    made = Study("fragile", studies.fragile, {"width": [1, -1, 2]})
    results = run(made, tmp_path / "store.sqlite", engine=Cluster(machines.address))
    (failure,) = results.failures
    assert failure.error == "ValueError: width -1 is negative"


def test_a_cluster_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.campaign.cluster.PATIENCE", 0.5)
    with pytest.raises(ResultsError, match="no Dask cluster at tcp://127.0.0.1:9"):
        run(sleepy(), tmp_path / "s.sqlite", engine=Cluster("tcp://127.0.0.1:9"))


@pytest.mark.parametrize("engine", [Cluster(), Cluster("tcp://x:1", 2)])
def test_a_cluster_is_either_there_or_started(tmp_path, engine):
    with pytest.raises(ParameterError, match="either an address or workers"):
        run(sleepy(), tmp_path / "store.sqlite", engine=engine)


def test_engines_from_the_command_line():
    assert engine_of(None, None) is in_process
    assert engine_of(3, None) == Processes(3)
    assert engine_of(0, None) == Processes(None)
    assert engine_of(None, "tcp://10.0.0.1:8786") == Cluster("tcp://10.0.0.1:8786")
    assert engine_of(None, "4") == Cluster(workers=4)
    for workers, cluster in ((2, "4"), (-1, None), (None, "head-node"), (None, "0")):
        with pytest.raises(ParameterError, match=r"workers|cluster"):
            engine_of(workers, cluster)
