"""The command `ccqed timeline`: what an experiment does to the wires."""

from __future__ import annotations

import argparse
import csv
import importlib
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from ccqed_ctrl.cli import Command
from ccqed_ctrl.errors import ParameterError, ResultsError
from sim_backend.host import ensure_artiq

logger = logging.getLogger(__name__)

_PICTURES = (".png", ".svg", ".pdf")


def _configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE", type=Path, help="file with the experiment")
    add("arguments", metavar="NAME=VALUE", nargs="*", help="SI, as PYON or plain text")
    add("-c", "--class-name", metavar="CLASS", help="which experiment of the file")
    add(
        "-o",
        "--output",
        type=Path,
        metavar="PATH",
        help="picture (.png .svg .pdf), wave dump (.vcd), analyzer dump (.bin, for "
        "ARTIQ's own viewer) or table (.txt .csv); default: a table here",
    )
    add("--start", type=float, metavar="S", help="of the picture, in s")
    add("--stop", type=float, metavar="S", help="of the picture, in s")
    add("--all", action="store_true", help="also channels without laboratory name")
    add(
        "--device-db", type=Path, metavar="PATH", help="default: the nearest above FILE"
    )
    add("--seed", type=int, metavar="N", help="of the plant and the experiment")


def _execute(options: argparse.Namespace) -> int:
    writer = _writer(options)  # refused before the run
    ensure_artiq()
    arguments = importlib.import_module("sim_backend.host.arguments")
    runner = importlib.import_module("sim_backend.host.runner")
    with tempfile.TemporaryDirectory() as folder:
        request = runner.Request(
            file=options.file,
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
        writer(outcome.plant.timeline, outcome.core)
    elif outcome.error is None:
        logger.warning("%s uses no device of the core", outcome.class_name)
    return int(outcome.exit_code)


def _writer(options: argparse.Namespace) -> Callable[[Any, Any], None]:
    """Return what writes a timeline in the form that was asked for.

    Raises
    ------
    ParameterError
        The file's name does not tell a form.
    """
    path = options.output
    suffix = "" if path is None else path.suffix.lower()
    if suffix in _PICTURES:
        return lambda timeline, core: _draw(timeline, core.ref_period, options)
    if suffix == ".vcd":
        vcd = importlib.import_module(".vcd", __package__)
        return lambda timeline, _: vcd.write(timeline, path)
    if path is not None and suffix == ".bin":
        return lambda _, core: _write_bytes(path, core.analyzer_dump())
    if path is not None and suffix not in (".txt", ".csv"):
        known = ", ".join((*_PICTURES, ".vcd", ".bin", ".txt", ".csv"))
        message = f"a timeline is written to one of {known}; got {path.name!r}"
        raise ParameterError(message)
    return lambda timeline, core: _tabulate(timeline, core.ref_period, options)


def _draw(timeline: Any, ref_period: float, options: argparse.Namespace) -> None:
    pictures = importlib.import_module(".picture", __package__)
    figure = pictures.draw(timeline, options.start, options.stop, ref_period)
    try:
        figure.savefig(options.output, dpi=150)
    except OSError as error:
        raise _unwritable(options.output, error) from error


def _write_bytes(path: Path, contents: bytes) -> None:
    try:
        path.write_bytes(contents)
    except OSError as error:
        raise _unwritable(path, error) from error


def _tabulate(timeline: Any, ref_period: float, options: argparse.Namespace) -> None:
    table = importlib.import_module(".table", __package__)
    rows = table.rows(timeline, not options.all, ref_period)
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


TIMELINE = Command(
    "timeline", "show what an experiment does to the wires", _configure, _execute
)
