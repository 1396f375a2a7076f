"""The commands `ccqed run` and `ccqed list`, light: `launch` has what they do."""

from __future__ import annotations

import argparse
from pathlib import Path

from ccqed_ctrl.cli import Command


def _configure_run(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "file",
        metavar="FILE|NAME",
        type=Path,
        nargs="?",
        help="file with the experiment, or its name below repository",
    )
    add(
        "arguments",
        metavar="NAME=VALUE",
        nargs="*",
        help="a number (5ms, 20%%, or SI: 5e-3), a text, PYON, where the experiment "
        "scans 0:10ms:6 (start:stop:points) or 1ms,2ms",
    )
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
        "--resume",
        metavar="RID|latest|FILE",
        help="go on with an earlier run: its experiment, arguments and truth (those "
        "given here in their place), and its finished shots",
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
        metavar="NAME=VALUE|SCENARIO",
        help="what is true of the simulated laboratory, e.g. dynamics=mean_field or "
        "imperfections.placement_error=100nm; a scenario (typical, emccd, a TOML file "
        "of yours) makes many such changes, single ones count above it",
    )
    add(
        "--fault",
        action="append",
        default=[],
        metavar="NAME@shot=N",
        help="what goes wrong in the twin (docs/faults.md), also NAME@p=0.05 and "
        "NAME@time=2; can be repeated; takes the place of the scenario's `faults`",
    )
    add(
        "-i",
        "--interactive",
        action="append",
        default=[],
        metavar="NAME=VALUE|FILE",
        help="answer to what the run will ask for; FILE holds a PYON dictionary",
    )


def _configure_list(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "place",
        metavar="FOLDER|FILE|NAME",
        type=Path,
        nargs="?",
        default=Path("repository"),
        help="default: %(default)s",
    )
    _add_datasets(parser)


def _add_datasets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dataset-db",
        type=Path,
        metavar="PATH",
        default=Path("dataset_db.sqlite"),
        help="datasets that `build` may read (default: %(default)s)",
    )


def _configure_schema(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "what",
        metavar="EXPERIMENT|RESULT.h5",
        type=Path,
        nargs="?",
        default=Path("repository"),
        help="file, folder or name of experiments, or a results file "
        "(default: %(default)s)",
    )
    _add_datasets(parser)


def _configure_twin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device-db",
        type=Path,
        metavar="PATH",
        help="whose plant; default: the nearest device_db.py above this folder",
    )


def _configure_faults(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "A run that goes on meanwhile meets a fault from its next shot on: "
        "`ccqed faults arm dropped_frame@time=0`."
    )
    add = parser.add_argument
    add("action", choices=["show", "watch", "arm", "clear"], nargs="?", default="show")
    add(
        "faults",
        metavar="NAME@shot=N",
        nargs="*",
        help="to arm: as `ccqed run --fault` takes them, shots of the twin's count; to "
        "clear: those, or NAMEs; default: all",
    )
    add(
        "--twin",
        metavar="HOST:PORT",
        help="aqctl_ccqed_twin; default: CCQED_TWIN of the environment, else the one "
        "of this machine",
    )


RUN = Command(
    "run",
    "run an experiment on the digital twin",
    _configure_run,
    "sim_backend.host.launch:run",
)
LIST = Command(
    "list",
    "list experiments with their arguments",
    _configure_list,
    "sim_backend.host.launch:list_experiments",
)
SCHEMA = Command(
    "schema",
    "list the datasets that experiments store, or a file holds",
    _configure_schema,
    "sim_backend.host.launch:show_schema",
)
TWIN = Command(
    "twin",
    "list what is true of the simulated laboratory, for --twin",
    _configure_twin,
    "sim_backend.host.launch:list_truth",
)
FAULTS = Command(
    "faults",
    "list, arm and clear faults of the simulated laboratory while it runs",
    _configure_faults,
    "sim_backend.host.fault_command:execute",
)
