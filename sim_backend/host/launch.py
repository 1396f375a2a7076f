"""What `ccqed run` and `ccqed list` do."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ccqed_ctrl import tables
from ccqed_ctrl.errors import ExperimentError, ResultsError

from . import arguments, devices, discovery, earlier, listing, process, report, schema


def run(options: argparse.Namespace) -> int:
    """Run an experiment in a process of its own."""
    _check_results(options.results)
    request = {
        "device_db": options.device_db,
        "dataset_db": options.dataset_db,
        "results": options.results,
        "interactive": arguments.parse_interactive(options.interactive),
        **(_asked(options) if options.resume is None else _resumed(options)),
    }
    return process.run(request)


def _check_results(folder: Path) -> None:
    """Refuse a folder named in full that is not there: its disk may not be, either."""
    if folder.is_absolute() and not folder.exists():
        raise ResultsError(
            f"there is no results folder {folder}: is its disk mounted? A new one is "
            f"made once: mkdir -p {folder}"
        )


def _asked(options: argparse.Namespace) -> dict[str, Any]:
    if options.file is None:
        raise ExperimentError("which experiment? Give FILE or NAME, or --resume RID")
    return {
        "file": discovery.find(options.file),
        "class_name": options.class_name,
        "arguments": arguments.parse(options.arguments),
        "seed": options.seed,
        "twin": _truth(options.twin, options.fault),
    }


def _resumed(options: argparse.Namespace) -> dict[str, Any]:
    """Return what an earlier run was asked for, and that it is gone on with."""
    path = earlier.find(options.resume, options.results)
    # The first positional is an argument here: the file says which experiment it was.
    given = ([str(options.file)] if options.file else []) + options.arguments
    expid = earlier.expid(path)
    plant = expid.get("devarg_override", {}).get(devices.PLANT, {})
    return {
        "file": Path(expid["file"]),
        "class_name": expid["class_name"],
        "arguments": {
            **expid["arguments"],
            "resume": str(path.resolve()),
            **arguments.parse(given),
        },
        "seed": plant.get("seed") if options.seed is None else options.seed,
        "twin": _truth(options.twin or plant.get("truth", {}), options.fault),
    }


def _truth(asked: list[str] | dict[str, Any], faults: list[str]) -> Any:
    """Return the changes of the truth, faults among them."""
    if not faults:
        return asked
    if isinstance(asked, dict):
        return asked | {"faults": faults}
    return [*asked, f"faults={faults!r}"]


def list_experiments(options: argparse.Namespace) -> int:
    """List the experiments of a folder."""
    return listing.show(options.place, options.dataset_db)


def show_schema(options: argparse.Namespace) -> int:
    """Print the dictionary of datasets."""
    return schema.show(options.what, options.dataset_db)


def list_truth(options: argparse.Namespace) -> int:
    """List every value of the plant's truth, with default, unit and meaning.

    Raises
    ------
    ExperimentError
        There is no device database, or none that can be simulated.
    """
    path = options.device_db or devices.find_device_db(Path.cwd() / "here")
    if path is None:
        raise ExperimentError("there is no device_db.py in this folder or above it")
    knobs = devices.plant_options(devices.load_device_db(path)).knobs()
    tables.console().print(report.truth(knobs))
    return 0
