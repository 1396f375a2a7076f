"""Run an experiment on the twin: it must end well, in time, and safely."""

from __future__ import annotations

import os
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from artiq.language.environment import DefaultMissing
from artiq.tools import file_import

from ccqed_ctrl.errors import ExperimentError
from sim_backend.ddb import TWIN
from sim_backend.host import devices, runner

from . import compiler
from .findings import FAILED, PASSED, SKIPPED, Finding, Verdict

RUN, COMPILE = "run", "compile"


def rehearse(
    file: Path, class_name: str, dataset_db: Path, device_db: Path | None
) -> list[Verdict]:
    """Run one experiment with its defaults; return what `run` and `compile` say.

    Nothing is kept: results and datasets go into a folder that is removed.

    Raises
    ------
    CcqedError
        The device database or the experiment cannot be loaded.
    """
    path = device_db or devices.find_device_db(file)
    real = _laboratory(path)
    obstacle = _obstacle(real)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "dataset_db.sqlite"
        if dataset_db.is_file():
            shutil.copy(dataset_db, copy)
        request = runner.Request(
            file=file,
            class_name=class_name,
            device_db=path,
            dataset_db=copy,
            results=Path(folder) / "results",
            replaced={} if obstacle else _compiling(real),
        )
        with _without(TWIN):  # that plant is of runs, and remembers
            outcome = runner.run(request)
    return [_of_run(file, outcome), _of_compiler(file, outcome, obstacle)]


def _of_run(file: Path, outcome: runner.Outcome) -> Verdict:
    name, error = outcome.class_name, outcome.error
    if isinstance(error, DefaultMissing):
        return Verdict(RUN, file, SKIPPED, f"{name}: {error}")
    if error is not None:
        message = f"{type(error).__name__}: {error}"
        line = _line_in(file, error)
        return Verdict(RUN, file, FAILED, name, [Finding(file, line, RUN, message)])
    left_on = [] if outcome.plant is None else outcome.plant.safe_state()
    if left_on:
        message = f"left on at the end of the run: {', '.join(left_on)}"
        finding = Finding(file, 1, "safe-state", message)
        return Verdict(RUN, file, FAILED, name, [finding])
    return Verdict(RUN, file, PASSED, f"{name}: safe at the end{_slack(outcome)}")


def _slack(outcome: runner.Outcome) -> str:
    if outcome.minimum_slack is None:
        return ""
    slack = f"{outcome.minimum_slack * 1e6:.1f} us"
    place = getattr(outcome.core, "minimum_slack_place", "")
    return f", minimum slack {slack} (estimate)" + (f" at {place}" if place else "")


def _of_compiler(file: Path, outcome: runner.Outcome, obstacle: str) -> Verdict:
    name = outcome.class_name
    if obstacle:
        return Verdict(COMPILE, file, SKIPPED, obstacle)
    compiled = getattr(outcome.core, "compiled", {})
    if not compiled:
        return Verdict(COMPILE, file, SKIPPED, f"{name}: no kernel was reached")
    refusals = [finding for finding in compiled.values() if finding is not None]
    kernels = ", ".join(compiled)
    early = "" if outcome.error is None else "; what comes after the failure is unseen"
    summary = f"{name}: {len(compiled)} kernels ({kernels}){early}"
    return Verdict(COMPILE, file, FAILED if refusals else PASSED, summary, refusals)


def _obstacle(real: dict[str, Any]) -> str:
    """Return why nothing can be compiled, empty if it can."""
    if not real:
        return "no device database"
    core = real.get("core")
    if isinstance(core, dict) and core.get("module") == "artiq.coredevice.core":
        return compiler.obstacle()
    return "the device database has no core device of ARTIQ"


def _compiling(real: dict[str, Any]) -> dict[str, Any]:
    """Return a core that compiles against the laboratory's drivers, as its entry."""
    arguments = real["core"]["arguments"] | {"laboratory": real}
    core = {"module": "sim_backend.gates.compiling_core", "arguments": arguments}
    return {"core": core}


def _laboratory(device_db: Path | None) -> dict[str, Any]:
    """Return the device database as hardware has it; without a file, an empty one.

    Raises
    ------
    ExperimentError
        The file cannot be loaded.
    """
    if device_db is None:
        return {}
    try:
        with _without("CCQED_BACKEND"):
            return dict(file_import(device_db).device_db)
    except Exception as error:  # whatever an operator's file may raise
        message = f"device database {device_db} fails: {type(error).__name__}: {error}"
        raise ExperimentError(message) from error


@contextmanager
def _without(variable: str) -> Iterator[None]:
    """Do something as if an environment variable were not set."""
    before = os.environ.pop(variable, None)
    try:
        yield
    finally:
        if before is not None:
            os.environ[variable] = before


def _line_in(file: Path, error: BaseException) -> int:
    """Return the last line of the file that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename) == file.resolve()]
    return lines[-1] or 1 if lines else 1
