"""`python -m benchmarks kills [--all] [-o TABLE.md]`: is what was announced there?

Starts real runs of Recall by each route, kills them with SIGKILL at an instant that is
uniform over the run and the writing of its file, recovers with `ccqed recover`, and
compares with the shots whose progress was announced. Kills done are kept: the same
command on the same commit goes on where it stopped. Ends with exit code 1 where a shot
was lost.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import analysis
from ccqed_ctrl.holograms import HologramRecord
from sim_backend.host import is_embedded

from .routes import Started, announced, started, wait_for
from .sweep import Row, origin, sweep

#: What is killed: the process group of a command; a worker alone, or with its master.
ROUTES = ("ccqed", "artiq_run", "artiq_master", "artiq_master with worker")
SHORT, LONG = 50, 1000
#: Of a run, in shots: how much longer than its shots kills may come.
ENDING = 3
#: Characters of a broken run's log that are shown.
LOGGED = 2000


class BrokenRunError(Exception):
    """A run ended by itself, and not because all was done: it tests nothing."""

    def __init__(self, route: str, done: int, shots: int, folder: Path) -> None:
        logs = "\n".join(path.read_text() for path in folder.glob("*.log"))
        super().__init__(
            f"{route} ended by itself after {done} of {shots} shots; it said last:\n"
            f"{logs[-LOGGED:]}"
        )


def one(route: str, shots: int, place: float) -> Row:
    """Kill a run when it is `place` shots far; return what was left of it.

    Raises
    ------
    BrokenRunError
        It failed before that: a table of such rows would say that nothing was lost.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with started(route, folder, shots) as run:
            killed = kill(run, folder, min(place, shots), max(place - shots, 0))
        said = announced(folder)
        done = said[-1]["done"] if said else 0
        if not killed and done < shots:
            raise BrokenRunError(route, done, shots, folder)
        ccqed("recover", "--all", "--results", name)
        files = [path for path in folder.rglob("*.h5") if "checkpoint" not in path.name]
        recovered = whole_shots(files[0]) if files else 0
        return {
            "killed": killed,
            "announced": done,
            "recovered": recovered,
            "analysed": recovered > 0 and ccqed("analyse", str(files[0])),
        }


def kill(run: Started, folder: Path, place: float, beyond: float) -> bool:
    """Kill a run in or after a shot; False if it was over before.

    place: shots done, the last in part. beyond: how many shots' time after that.
    """
    done = int(place)
    wait_for(run, folder, done)
    said = announced(folder)
    if not said:
        return False
    begin, last = said[0], said[-1]
    a_shot = (last["clock"] - begin["clock"]) / max(last["done"], 1)
    time.sleep((place - done + beyond) * a_shot)
    if run.over():
        return False
    run.kill()
    return True


def whole_shots(path: Path) -> int:
    """Return how many shots of a file have their frames and a verdict."""
    with analysis.open(path) as run:
        frames = (run.row(HologramRecord.frames.key, k) for k in range(run.shots))
        return int(sum(frame.max() > 0 for frame in frames))


def ccqed(*arguments: str) -> bool:
    """Run `ccqed`; return whether it found nothing wrong."""
    command = [sys.executable, "-m", "ccqed_ctrl.cli", *arguments]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def kills(route: str, shots: int, count: int, jobs: int) -> list[Row]:
    """Return the rows of so many kills, those kept already among them."""

    def take(seed: int) -> Row:
        rng = np.random.default_rng([shots, seed])
        return one(route, shots, float(rng.uniform(0, shots + ENDING)))

    settings = {"route": route, "shots": shots}
    return sweep("kills", settings, range(count), take, jobs=jobs)


def line(route: str, shots: int, rows: Sequence[Row]) -> tuple[str, int]:
    """Return a line of the table, and how many shots were lost."""
    lost = sum(max(row["announced"] - row["recovered"], 0) for row in rows)
    inside = sum(row["killed"] for row in rows)
    said, there = (sum(row[key] for row in rows) for key in ("announced", "recovered"))
    files = [row for row in rows if row["recovered"]]
    agree = sum(row["analysed"] for row in files)
    return (
        f"| {route} | {shots} | {len(rows)} | {len(rows) - inside} | {said} | {there} "
        f"| {lost} | {agree} of {len(files)} |"
    ), lost


def get_argparser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks kills", description=__doc__
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--route", choices=ROUTES, default=ROUTES[0])
    which.add_argument("--all", action="store_true", help="every route")
    parser.add_argument(
        "--kills", type=int, default=75, help=f"of {SHORT} shots, by each route"
    )
    parser.add_argument(
        "--long", type=int, default=25, help=f"of {LONG} shots, by each route"
    )
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("-o", "--output", type=Path, help="also write the table here")
    return parser


def main(arguments: list[str]) -> int:
    parser = get_argparser()
    options = parser.parse_args(arguments)
    routes = ROUTES if options.all else (options.route,)
    if routes != ROUTES[:1] and is_embedded("artiq"):
        parser.error("artiq_run and artiq_master need a Python that has ARTIQ")
    counts = {SHORT: options.kills, LONG: options.long}
    lines = [
        line(route, shots, kills(route, shots, count, options.jobs))
        for shots, count in counts.items()
        for route in routes
        if count
    ]
    page = table([text for text, _ in lines], max(counts.values()))
    print(page)
    if options.output:
        options.output.write_text(page)
    return int(any(lost for _, lost in lines))


def table(lines: Sequence[str], seeds: int) -> str:
    return "\n".join(
        [
            "# Killed runs: announced, and recovered",
            "",
            "`python -m benchmarks kills --all`: SIGKILL at an instant that is uniform "
            "over the run and the writing of its file, then `ccqed recover --all`. "
            "A shot counts as recovered with its frames and all that was made of them; "
            "*over*: the run had ended before; *agree*: files of which `ccqed analyse` "
            "finds again from the frames what is stored.",
            "",
            "| route | shots | kills | over | announced | recovered | lost | agree |",
            "| --- | --: | --: | --: | --: | --: | --: | --- |",
            *lines,
            "",
            origin([0, seeds - 1]),
            "",
        ]
    )
