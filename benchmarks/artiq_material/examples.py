"""ARTIQ's examples with their own device databases on the embedded host."""

from __future__ import annotations

import ast
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .outcomes import DEVICE, FAILED, PASSED, Outcome

#: Seconds after which an example that goes on for ever is asked to end, and what it
#: then may take; the program says that a second Ctrl-C interrupts at once.
PATIENCE, GRACE = 15.0, 5.0
UNTIL = ("", "until Ctrl-C", "until a second Ctrl-C")

#: What an operator has to type, by class: these arguments have no default.
TYPED = {
    "ArgumentsDemo": ("sc1_enum=1", "sc2_enum=3"),
    "SpeedBenchmark": ("mode=Single experiment", "payload=CoreSend100Ints"),
}

NEEDS = (
    re.compile(r"device '(\w+)' is (?:a|an) artiq\.coredevice\.(?P<what>\S+), which"),
    re.compile(r"controller '(?P<what>\w+)' has no simulated stand-in"),
    re.compile(r"device '(?P<what>\w+)' is not in the device database"),
    re.compile(r"No module named '(?P<what>artiq\.sim)"),
)


@dataclass(frozen=True)
class Example:
    """One experiment of ARTIQ's examples.

    Attributes
    ----------
    file
        Below ARTIQ's `artiq/examples`.
    name
        Of its class.
    """

    file: str
    name: str

    @property
    def item(self) -> str:
        """How the store and the table call it."""
        return f"{self.file}: {self.name}"


def find(folder: Path) -> list[Example]:
    """Return the experiments in a folder of examples, by file and place in it."""
    return [
        Example(str(file.relative_to(folder)), node.name)
        for file in sorted(folder.rglob("*.py"))
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef) and _is_experiment(node)
    ]


def _is_experiment(node: ast.ClassDef) -> bool:
    bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
    return "EnvExperiment" in bases and not node.name.startswith("_")


def run(folder: Path, example: Example, python: str) -> list[Outcome]:
    """Run one example as an operator would, and end it if it does not end itself."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            database = _device_db(folder, example, python, Path(scratch))
        except subprocess.CalledProcessError as error:
            last = error.stderr.strip().splitlines()[-1]
            return [Outcome(example.item, FAILED, f"artiq_ddb_template: {last}")]
        command = [sys.executable, "-m", "ccqed_ctrl.cli", "run"]
        command += [str(folder / example.file), "-c", example.name]
        command += ["--device-db", str(database), *TYPED.get(example.name, ())]
        return [judge(example, *_ended(command, scratch))]


def _device_db(folder: Path, example: Example, python: str, made: Path) -> Path:
    """Return an example's own device database, generated where it is a description."""
    home = folder / Path(example.file).parts[0]
    if (home / "device_db.py").exists():
        return home / "device_db.py"
    [description] = home.glob("*.json")
    path = made / "device_db.py"
    template = [python, "-m", "artiq.frontend.artiq_ddb_template"]
    command = [*template, "-o", str(path), str(description)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return path


def _ended(command: list[str], folder: str) -> tuple[int | None, str, int]:
    """Run to the end; return exit code (None: it had to be killed), text, Ctrl-Cs."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"COLUMNS": "1000"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    for wishes, seconds in enumerate((PATIENCE, GRACE, GRACE)):
        if wishes:
            process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            text, _ = process.communicate(timeout=seconds)
            return process.returncode, text, wishes
    os.killpg(process.pid, signal.SIGKILL)
    return None, process.communicate()[0], wishes


def judge(example: Example, code: int | None, text: str, wishes: int) -> Outcome:
    """Read what a run printed; one that goes on for ever is to end on Ctrl-C."""
    if code is None:
        return Outcome(example.item, FAILED, "went on after two Ctrl-C")
    if code == 0 or (wishes and "Traceback" not in text):
        return Outcome(example.item, PASSED, UNTIL[wishes])
    for pattern in NEEDS:
        if found := pattern.search(text):
            return Outcome(example.item, DEVICE, found["what"])
    # After the error comes the run's summary, a table under the experiment's name.
    lines = [x.strip() for x in text.splitlines() if ": " in x and x[0] not in "│┌└├"]
    return Outcome(example.item, FAILED, lines[-1] if lines else f"exit code {code}")
