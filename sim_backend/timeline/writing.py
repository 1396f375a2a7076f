"""What `ccqed timeline` does: run an experiment, write what the wires did."""

from __future__ import annotations

import argparse
import csv
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from ccqed_ctrl.errors import ParameterError, ResultsError
from sim_backend.crate import dump
from sim_backend.host import arguments, discovery, runner

from . import picture, table, vcd

logger = logging.getLogger(__name__)

_PICTURES = (".png", ".svg", ".pdf")


def execute(options: argparse.Namespace) -> int:
    """Run the experiment on the twin, and write its timeline.

    Raises
    ------
    ParameterError
        The output's name does not tell a form.
    ResultsError
        It cannot be written.
    """
    writer = _writer(options)  # refused before the run
    with tempfile.TemporaryDirectory() as folder:
        request = runner.Request(
            file=discovery.find(options.file),
            class_name=options.class_name,
            arguments=arguments.parse(options.arguments),
            device_db=options.device_db,
            dataset_db=Path(folder) / "dataset_db.sqlite",
            results=Path(folder) / "results",
            seed=options.seed,
            history=True,
        )
        outcome = runner.run(request)
    if outcome.error is not None:
        logger.error("%s: %s", type(outcome.error).__name__, outcome.error)
    if outcome.plant is not None:
        writer(outcome)
    elif outcome.error is None:
        logger.warning("%s uses no device of the core", outcome.class_name)
    return int(outcome.exit_code)


def _writer(options: argparse.Namespace) -> Callable[[runner.Outcome], None]:
    """Return what writes a run's timeline in the form that was asked for.

    Raises
    ------
    ParameterError
        The file's name does not tell a form.
    """
    path = options.output
    suffix = "" if path is None else path.suffix.lower()
    if suffix in _PICTURES:
        return lambda run: _draw(run, options)
    if path is not None and suffix == ".vcd":
        return lambda run: vcd.write(run.plant.timeline, path)
    if path is not None and suffix == ".bin":
        return lambda run: _write_bytes(path, dump.of_rtio(run.core.rtio))
    if path is not None and suffix not in (".txt", ".csv"):
        known = ", ".join((*_PICTURES, ".vcd", ".bin", ".txt", ".csv"))
        message = f"a timeline is written to one of {known}; got {path.name!r}"
        raise ParameterError(message)
    return lambda run: _tabulate(run, options)


def _draw(run: runner.Outcome, options: argparse.Namespace) -> None:
    figure = picture.draw(
        run.plant.timeline,
        options.start,
        options.stop,
        run.core.ref_period,
        f"{run.class_name}, seed {run.plant.seed}, simulation",
    )
    try:
        figure.savefig(options.output, dpi=200)
    except OSError as error:
        raise _unwritable(options.output, error) from error


def _write_bytes(path: Path, contents: bytes) -> None:
    try:
        path.write_bytes(contents)
    except OSError as error:
        raise _unwritable(path, error) from error


def _tabulate(run: runner.Outcome, options: argparse.Namespace) -> None:
    rows = table.rows(run.plant.timeline, not options.all, run.core.ref_period)
    if options.output is None:
        _write_text(rows, sys.stdout)
        return
    write = _write_csv if options.output.suffix.lower() == ".csv" else _write_text
    try:
        with options.output.open("w", encoding="utf-8", newline="") as file:
            write(rows, file)
    except OSError as error:
        raise _unwritable(options.output, error) from error


def _write_text(rows: list[Any], file: TextIO) -> None:
    file.write(f"{'time / ms':>14}  {'channel':<24}{'signal':<14}value\n")
    for row in rows:
        what = f"{row.name:<24}{row.signal:<14}{row.value:.9g} {row.unit}".rstrip()
        file.write(f"{1e3 * row.time:14.6f}  {what}\n")


def _write_csv(rows: list[Any], file: TextIO) -> None:
    table = csv.writer(file)
    table.writerow(["time_s", "channel", "signal", "value", "unit"])
    table.writerows(rows)


def _unwritable(path: Path, error: OSError) -> ResultsError:
    return ResultsError(f"{path} cannot be written: {error.strerror}")
