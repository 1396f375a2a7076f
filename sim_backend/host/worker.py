"""The process that runs one experiment: everything heavy is imported here."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

from rich.console import Console
from rich.logging import RichHandler

from ccqed_ctrl import tables
from ccqed_ctrl.cli import exit_code
from ccqed_ctrl.ending import Ending
from ccqed_ctrl.errors import CcqedError

from . import report, runner
from .progress import ProgressBar
from .scheduler import Termination


def work(request: runner.Request, termination: Termination) -> int:
    """Run, tell the operator, and return the exit code."""
    log = logging.getLogger()
    level = log.getEffectiveLevel()
    errors = Console(stderr=True, highlight=False)
    if errors.is_terminal:  # so that messages stand above the progress bar
        log.handlers[:] = [
            RichHandler(console=errors, show_time=False, show_path=False)
        ]
    shown = level <= logging.WARNING
    label = request.class_name or Path(request.file).stem
    try:
        with ProgressBar(label, errors, shown) as bar:
            outcome = runner.run(request, termination, bar.watch)
    except CcqedError as error:
        errors.print(f"ccqed run: {error}", markup=False, soft_wrap=True)
        return exit_code(error)
    if outcome.status in (Ending.failed, Ending.bad_input, Ending.storage_failed):
        _explain(outcome, errors, level <= logging.INFO)
    if shown and outcome.path is not None:
        report.show_outcome(outcome, tables.console())
    return outcome.exit_code


def _explain(outcome: runner.Outcome, console: Console, fully: bool) -> None:
    error = outcome.error
    core = getattr(error, "artiq_core_exception", None)
    expected = (Ending.bad_input, Ending.storage_failed)  # sentences for the operator
    if outcome.status in expected and not fully:
        console.print(f"ccqed run: {error}", markup=False, soft_wrap=True)
        return
    if fully:
        text = "".join(traceback.format_exception(error))
        console.print(text, markup=False, soft_wrap=True)
        if core is not None:
            console.print(str(core), markup=False, soft_wrap=True)
    message = str(error) or "no message"
    where = "" if fully else " (-v shows where)"
    text = f"{type(error).__name__}: {message}{where}"
    console.print(text, markup=False, soft_wrap=True)
