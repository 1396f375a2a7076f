"""`ccqed run` and `ccqed list` as the operator types them, each run in its process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sipyco import pyon

from sim_backend.host.hdf5 import read

ROOT = Path(__file__).parents[2]
# SIGHUP is as a terminal has it, also where the tests themselves run under nohup.
MAIN = """
import signal
import sys
from ccqed_ctrl import cli
from sim_backend.host import commands
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
COMMANDS = {"run": commands.RUN, "list": commands.LIST}
cli._load = COMMANDS.__getitem__
if __name__ == "__main__":
    sys.exit(cli.main())
"""

posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@contextlib.contextmanager
def start(workspace, *arguments, **options):
    """Start the command in the workspace, without the installed entry points."""
    main = workspace.write(MAIN, "main.py")
    with subprocess.Popen(
        [sys.executable, str(main), *map(str, arguments)],
        cwd=workspace.root,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "160"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ccqed(workspace, *arguments):
    """Run the command; return exit code, output and errors."""
    with start(workspace, *arguments) as process:
        output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def only_file(workspace, pattern="*.h5"):
    (found,) = (workspace.root / "results").rglob(pattern)
    return found


PROBE = """
def build(self):
    self.setattr_argument("n", NumberValue(4, precision=0, step=1))
    self.setattr_argument("seed", NumberValue(1, precision=0, step=1))

def run(self):
    self.set_dataset("summary.both", self.n + self.seed)
"""


def test_a_run(workspace):
    workspace.experiment(PROBE)
    code, output, errors = ccqed(workspace, "run", "experiment.py", "n=7", "--seed", 5)
    assert (code, errors) == (0, "")
    path = only_file(workspace)
    assert read(path, "datasets/summary.both") == 12
    assert "both" in output
    assert str(path) in output.replace("\n", "")


def test_arguments_and_options_in_any_order(workspace):
    workspace.experiment(PROBE)
    arguments = ("experiment.py", "n=7", "-q", "seed=2", "-c", "Probe")
    code, output, _ = ccqed(workspace, "run", *arguments)
    assert (code, output) == (0, "")
    assert read(only_file(workspace), "datasets/summary.both") == 9


WIRED = """
def ttl(kind, channel):
    return {
        "type": "local",
        "module": "artiq.coredevice.ttl",
        "class": kind,
        "arguments": {"channel": channel},
    }

device_db = {
    "core": {
        "type": "local",
        "module": "artiq.coredevice.core",
        "class": "Core",
        "arguments": {"host": "192.0.2.1", "ref_period": 1e-9},
    },
    "ttl0": ttl("TTLInOut", 0),
    "ttl4": ttl("TTLOut", 4),
    "gate": "ttl4",
}
from sim_backend.ddb import simulate
simulate(device_db, wires={"gate": "ttl0"})
"""


def test_a_foreign_crate_with_a_wire(workspace):
    workspace.write(WIRED, "device_db.py")
    workspace.experiment(
        """
        def build(self):
            for name in "core", "ttl0", "gate":
                self.setattr_device(name)

        @kernel
        def run(self):
            self.core.reset()
            with parallel:
                end = self.ttl0.gate_rising(100*us)
                for _ in range(7):
                    delay(5*us)
                    self.gate.pulse(5*us)
            self.set_dataset("counts", self.ttl0.count(end))
        """
    )
    code, _, errors = ccqed(workspace, "run", "experiment.py")
    assert (code, errors) == (0, "")
    path = only_file(workspace)
    assert read(path, "datasets/counts") == 7
    seeds = pyon.decode(read(path, "ccqed/seeds"))
    assert seeds == {"experiment": None, "plant": 0}  # what the plant was given


def test_an_experiment_that_fails(workspace):
    workspace.experiment("def run(self):\n    raise OSError('the laser is off')")
    code, output, errors = ccqed(workspace, "run", "experiment.py")
    assert code == 1
    assert "OSError: the laser is off" in errors
    assert "Traceback" not in errors
    assert "failed" in output
    code, _, errors = ccqed(workspace, "run", "experiment.py", "-v")
    assert code == 1
    assert "Traceback" in errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.py"], "nothing.py"),
        (["experiment.py", "nn=1"], "'nn'; did you mean 'n'"),
        (["experiment.py", "n=x"], "'n' must be a whole number; got 'x'"),
        (["experiment.py", "-c", "Prob"], "did you mean 'Probe'"),
        (["experiment.py", "--device-db", "none.py"], "none.py"),
        (["experiment.py", "--results", "main.py/results"], "results folder"),
        (["experiment.py", "-i", "none.pyon"], "none.pyon"),
        (["experiment.py", "stray"], "NAME=VALUE"),
    ],
)
def test_bad_input(workspace, arguments, message):
    workspace.experiment(PROBE)
    code, output, errors = ccqed(workspace, "run", *arguments)
    assert (code, output) == (2, "")
    assert message in errors.replace("\n", " ")
    assert "Traceback" not in errors
    assert not list(workspace.root.rglob("*.h5"))


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("import os\n    os._exit(0)", "exit code 0"),
        pytest.param("import ctypes\n    ctypes.string_at(0)", "SIGSEGV", marks=posix),
    ],
)
def test_a_crash_is_not_a_success(workspace, body, how):
    workspace.experiment(f"def run(self):\n    {body}")
    code, _, errors = ccqed(workspace, "run", "experiment.py")
    assert code == 1
    assert how in errors


WAITING = """
def build(self):
    self.setattr_device("scheduler")

def run(self):
    import pathlib, time, os
    self.set_dataset("x", 1)
    pathlib.Path("pid").write_text(str(os.getpid()))
    for _ in range(600):
        {pause}
        time.sleep(0.05)
"""


def wait_for(path, pattern="*", timeout=30.0):
    deadline = time.monotonic() + timeout
    while not any(found.stat().st_size for found in path.rglob(pattern)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_ends_at_the_next_pause(workspace, number):
    workspace.experiment(WAITING.format(pause="self.scheduler.pause()"))
    with start(workspace, "run", "experiment.py") as process:
        wait_for(workspace.root, "pid")
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "next pause" in errors
    assert read(only_file(workspace), "ccqed/status") == "terminated"
    assert read(only_file(workspace), "datasets/x") == 1


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_group_counts_once(workspace, number):
    body = WAITING.format(pause="pass").replace("600", "40")
    workspace.experiment(f"{body}    self.scheduler.pause()")
    with start(workspace, "run", "experiment.py", start_new_session=True) as process:
        wait_for(workspace.root, "pid")
        os.killpg(process.pid, number)
        process.communicate(timeout=30)
    assert process.returncode == 130
    # Twice would have interrupted it.
    assert read(only_file(workspace), "ccqed/status") == "terminated"


@posix
def test_a_run_outlives_who_reads_it(workspace):
    body = "import time; time.sleep(1); print('x' * 100_000)"
    workspace.experiment(f"def run(self):\n    {body}\n    self.set_dataset('x', 1)")
    with start(workspace, "run", "experiment.py") as process:
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert read(only_file(workspace), "datasets/x") == 1


@posix
def test_a_second_ctrl_c_interrupts_at_once(workspace):
    workspace.experiment(WAITING.format(pause="pass"))
    with start(workspace, "run", "experiment.py") as process:
        wait_for(workspace.root, "pid")
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert read(only_file(workspace), "ccqed/exception") == "KeyboardInterrupt"
    assert read(only_file(workspace), "ccqed/status") == "interrupted"


@posix
def test_a_run_whose_parent_is_killed_ends_and_writes(workspace):
    workspace.experiment(WAITING.format(pause="self.scheduler.pause()"))
    with start(workspace, "run", "experiment.py") as process:
        wait_for(workspace.root, "pid")
        process.kill()
        wait_for(workspace.root / "results", "*Probe.h5")
    assert read(only_file(workspace, "*Probe.h5"), "ccqed/status") == "terminated"


def test_list(workspace):
    workspace.write(
        "from artiq.experiment import *\nclass Good(EnvExperiment):\n    pass",
        "repository/good.py",
    )
    code, output, _ = ccqed(workspace, "list")
    assert code == 0
    assert "Good" in output
    workspace.write("import no_such_module", "repository/bad.py")
    code, output, _ = ccqed(workspace, "list", "repository")
    assert code == 1
    assert "no_such_module" in output
    code, _, errors = ccqed(workspace, "list", "nowhere")
    assert code == 2
    assert "nowhere" in errors
