"""`python -m benchmarks [group ...] [--json PATH]`: the table, and the same as JSON.

`python -m benchmarks COMMAND ...` for what is no comparison with a peer:
`artiq_material`, `bad_days`, `decoding`, `dispersion`, `endurance`, `expected`,
`interpretation`, `kills`, `large_basins`, `mutation`, `robustness`, `threshold`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from . import (
    bad_days,
    decoding,
    dispersion,
    endurance,
    expected,
    first_call,
    interpretation,
    kills,
    mean_field,
    mutation,
    relaxation,
    robustness,
    semiclassical,
    stochastic,
    threshold,
)
from .artiq_material import command as artiq_material
from .large_basins import command as large_basins
from .pairing import Row
from .sweep import processor

GROUPS: dict[str, Callable[[int], Iterator[Row]]] = {
    "relaxation": relaxation.measure,
    "stochastic": stochastic.measure,
    "mean_field": mean_field.measure,
    "semiclassical": semiclassical.measure,
    "first_call": first_call.measure,
}

#: Commands with options of their own, which return an exit code.
COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "artiq_material": artiq_material.main,
    "bad_days": bad_days.main,
    "kills": kills.main,
    "large_basins": large_basins.main,
    "endurance": endurance.main,
    "mutation": mutation.main,
    "decoding": decoding.main,
    "dispersion": dispersion.main,
    "expected": expected.main,
    "robustness": robustness.main,
    "threshold": threshold.main,
    "interpretation": interpretation.main,
}

PACKAGES = ("numpy", "scipy", "numba", "dwave-samplers", "diffrax", "gillespy2")


def get_argparser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[[], *GROUPS], help="default: all")
    parser.add_argument("--repeats", type=int, default=7, help="paired repeats")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    return parser


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in COMMANDS:
        return COMMANDS[given[0]](given[1:])
    options = get_argparser().parse_args(given)
    before = os.getloadavg()
    rows = []
    for name in options.groups or GROUPS:
        for row in GROUPS[name](options.repeats):
            rows.append(row)
            print(f"{row.group}: {row.case}: {row.ratio:.3g}", flush=True)
    Console(width=160).print(table(rows))
    if options.json:
        record = {
            "machine": machine(),
            "load": {"before": before, "after": os.getloadavg()},
            "repeats": options.repeats,
            "rows": [{**asdict(row), "met": row.met} for row in rows],
        }
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


def table(rows: list[Row]) -> Table:
    result = Table("", "case, peer", "ours", "peer", "ratio", "target", "", "note")
    for row in rows:
        sign = "<=" if row.smaller_is_better else ">="
        target = "" if row.target is None else f"{sign} {row.target:g}"
        verdict = {True: "met", False: "MISSED", None: ""}[row.met]
        cells = row.group, row.case, row.ours, row.peer, f"{row.ratio:.3g}"
        result.add_row(*cells, target, verdict, row.note)
    return result


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "python": platform.python_version(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "packages": versions,
    }


if __name__ == "__main__":
    sys.exit(main())
