"""`python -m benchmarks expected`: README's table of what to expect of a recall.

For each seed (an own layout, memory, cue and laboratory) and each dynamics of the twin
one run of `repository/recall.py` that scans the corruption. Runs done are kept: the
same command goes on where it stopped.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import analysis
from analysis.statistics import means

from .sweep import ROOT, get_argparser, origin, publish, sweep

RECALL = ROOT / "repository" / "recall.py"
CORRUPTIONS = (0.1, 0.2, 0.3, 0.5)
#: The columns: how they are called, and what is said to the twin.
DYNAMICS = {
    "`semiclassical`": ["dynamics=semiclassical"],
    "`steepest_descent`": ["dynamics=steepest_descent"],
    "`mean_field`, `exact`": ["dynamics=mean_field", "flip_rates=exact"],
    "`mean_field`, `printed`": ["dynamics=mean_field", "flip_rates=printed"],
}


def take(seed: int, truth: list[str], arguments: list[str]) -> dict[str, Any]:
    """Run all corruptions once; return pixels wrong and overlaps, one for each."""
    with tempfile.TemporaryDirectory() as folder:
        scan = f"corruption={','.join(map(str, CORRUPTIONS))}"
        twin = [text for value in truth for text in ("--twin", value)]
        command = [
            *(sys.executable, "-m", "ccqed_ctrl.cli", "run", str(RECALL), scan),
            *(*arguments, *twin, "--seed", str(seed), "-q", "--results", "r"),
            *("--dataset-db", "datasets.sqlite"),
            *("--device-db", str(ROOT / "device_db.py")),
        ]
        subprocess.run(command, check=True, cwd=folder)
        (path,) = Path(folder).rglob("*.h5")
        with analysis.open(path) as run:
            cued = int(run.cued)
            return {
                "wrong": [int(wrong) for wrong in run.pixels_wrong],
                "overlap": [float(overlap) for overlap in run.overlaps[:, cued]],
            }


def table(found: dict[str, list[dict[str, Any]]]) -> str:
    """Return the table: exact recalls, and the mean overlap with its error."""
    rows = [
        "| corruption | " + " | ".join(found) + " |",
        "| --- |" + " --- |" * len(found),
    ]
    for place, corruption in enumerate(CORRUPTIONS):
        cells = [_cell(rows_of, place) for rows_of in found.values()]
        words = " (no information)" if corruption == CORRUPTIONS[-1] else ""
        rows.append(f"| {corruption}{words} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _cell(rows: list[dict[str, Any]], place: int) -> str:
    exact = sum(row["wrong"][place] == 0 for row in rows)
    overlap = [row["overlap"][place] for row in rows]
    mean = means(overlap, np.zeros(len(rows), int), 1)
    return f"{exact}, {mean.value[0]:.2f}({round(100 * mean.error[0])})"


def main(arguments: list[str]) -> int:
    """Run what is missing, and print the table."""
    parser = get_argparser("expected", __doc__, "20")
    parser.add_argument("arguments", nargs="*", help="of recall, NAME=VALUE")
    options = parser.parse_intermixed_args(arguments)
    found = {}
    for name, truth in DYNAMICS.items():
        settings = {"truth": truth, "arguments": sorted(options.arguments)}
        found[name] = sweep(
            "expected", settings, options.seeds,
            lambda seed, truth=truth: take(seed, truth, options.arguments),
            jobs=options.jobs,
        )  # fmt: skip
    page = f"{table(found)}\n\n{origin(list(options.seeds))}\n"
    return publish(page, True, options.output)
