"""What `ccqed run` and `ccqed list` do."""

from __future__ import annotations

import argparse
from pathlib import Path

from ccqed_ctrl import tables
from ccqed_ctrl.errors import ExperimentError

from . import arguments, devices, discovery, listing, process, report


def run(options: argparse.Namespace) -> int:
    """Run an experiment in a process of its own."""
    request = {
        "file": discovery.find(options.file),
        "class_name": options.class_name,
        "arguments": arguments.parse(options.arguments),
        "device_db": options.device_db,
        "dataset_db": options.dataset_db,
        "results": options.results,
        "seed": options.seed,
        "twin": options.twin,
        "interactive": arguments.parse_interactive(options.interactive),
    }
    return process.run(request)


def list_experiments(options: argparse.Namespace) -> int:
    """List the experiments of a folder."""
    return listing.show(options.place, options.dataset_db)


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
