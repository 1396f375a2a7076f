"""The commands `ccqed run` and `ccqed list`."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from ccqed_ctrl.cli import Command

from . import ensure_artiq, process


def _configure_run(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE", type=Path, help="file with the experiment")
    add("arguments", metavar="NAME=VALUE", nargs="*", help="SI, as PYON or plain text")
    add("-c", "--class-name", metavar="CLASS", help="which experiment of the file")
    add(
        "--device-db",
        type=Path,
        metavar="PATH",
        help="default: the nearest device_db.py above FILE, else in this folder",
    )
    add(
        "--dataset-db",
        type=Path,
        metavar="PATH",
        default=Path("dataset_db.sqlite"),
        help="persistent datasets (default: %(default)s)",
    )
    add(
        "--results",
        type=Path,
        metavar="DIR",
        default=Path("results"),
        help="default: %(default)s",
    )
    add(
        "--seed",
        type=int,
        metavar="N",
        help="of the plant, and the experiment's argument `seed`",
    )
    add(
        "--twin",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what is true of the simulated laboratory, e.g. dynamics=mean_field or "
        "imperfections.placement_error=1e-7",
    )
    add(
        "-i",
        "--interactive",
        action="append",
        default=[],
        metavar="NAME=VALUE|FILE",
        help="answer to what the run will ask for; FILE holds a PYON dictionary",
    )


def _run(options: argparse.Namespace) -> int:
    ensure_artiq()
    arguments = importlib.import_module(".arguments", __package__)
    request = {
        "file": options.file,
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


def _configure_list(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", metavar="DIR", type=Path, nargs="?", default=Path("repository"))
    add(
        "--dataset-db",
        type=Path,
        metavar="PATH",
        default=Path("dataset_db.sqlite"),
        help="datasets that `build` may read (default: %(default)s)",
    )


def _list(options: argparse.Namespace) -> int:
    ensure_artiq()
    listing = importlib.import_module(".listing", __package__)
    return listing.show(options.folder, options.dataset_db)


RUN = Command("run", "run an experiment on the digital twin", _configure_run, _run)
LIST = Command("list", "list experiments with their arguments", _configure_list, _list)
