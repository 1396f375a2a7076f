"""`python -m benchmarks endurance [-o PAGE.md]`: what long runs cost, and many of them.

Runs Recall for many shots, by each route, also with the twin behind sockets; says how
the memory of every process grows from shot to shot, whether frames or their numbers are
missing, how large what is left on disk is against the raw frames, and what share of a
shot the journal takes. Then many runs under a master whose controllers are killed
(`killed_controllers`). What is done is kept: the same command on the same commit goes
on where it stopped. Ends with exit code 1 where a promise is broken.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

import analysis
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.holograms import FRAMES, HologramRecord
from sim_backend.host import is_embedded

from . import killed_controllers
from .held_twin import held, resident
from .routes import OfMaster, announced, started
from .sweep import Row, origin, publish, sweep

ALONE = ("ccqed", "artiq_run", "artiq_master")
#: Routes to a twin in a process of its own.
SOCKETS = ("ccqed, sockets", "artiq_master, sockets")
ROUTES = (*ALONE, *SOCKETS)
#: What is promised: bytes a shot adds to memory, over those of its frames; files over
#: the frames, and where ARTIQ writes all but frames a second time; the journal's share
#: of a shot of so many seconds.
GROWTH, EXCESS, TWICE, SHARE, SHOT = 0.02, 1.02, 1.03, 0.05, 0.2
FAR = 10_000
#: Seconds between looks at memory.
PERIOD = 0.5


def one(route: str, shots: int) -> Row:
    """Let a run of some shots end; return what it cost, and what it left."""
    command, sockets, _ = route.partition(", ")
    with tempfile.TemporaryDirectory() as name, ExitStack() as open_:
        folder = Path(name)
        others = {}
        if sockets:
            others["twin"] = open_.enter_context(held()).process.pid
        run = open_.enter_context(started(command, folder, shots))
        if isinstance(run, OfMaster):
            others["master"] = run.master.process.pid
        seen = watched(run, folder, others)
        said = announced(folder)
        seen["run"] = [(line["done"], line["memory"]) for line in said]
        seconds, journal = (
            np.array([line[key] for line in said], float)
            for key in ("clock", "journal")
        )
        (file,) = folder.rglob("*.h5")
        left = [file, *folder.rglob("*.journal")]
        return {
            **found(file),
            "disk": sum(path.stat().st_size for path in left),
            "memory": {process: settled(pairs) for process, pairs in seen.items()},
            "shot": float(np.median(np.diff(seconds))),
            "journal": float(np.median(np.diff(journal))),
        }


def watched(run, folder: Path, processes: dict[str, int]) -> dict[str, list]:
    """Wait for a run; return of processes pairs of shots done and bytes resident."""
    seen: dict[str, list] = {name: [] for name in processes}
    while not run.over():
        time.sleep(PERIOD)
        said = announced(folder)
        done = said[-1]["done"] if said else 0
        for name, number in processes.items():
            seen[name].append((done, resident(number)))
    return seen


def settled(pairs: Sequence[tuple[int, int]]) -> Row:
    """Return memory after a quarter of the shots, at the end, and bytes per shot.

    Templates, caches and pools fill in the first shots.
    """
    done, memory = np.array(pairs, float).T
    late = done >= done[-1] / 4
    slope = np.polyfit(done[late], memory[late], 1)[0]
    return {"begin": memory[late][0], "end": memory[-1], "growth": float(slope)}


def found(file: Path) -> Row:
    """Return what a results file holds: its shots, and what is wrong with them."""
    with analysis.open(file) as result:
        numbers = np.array(result.sequence)
        return {
            "shots": result.shots,
            "frames": result.row(HologramRecord.frames.key, 0).nbytes * result.shots,
            "gaps": int(np.sum(np.any(numbers != np.arange(FRAMES), axis=1))),
            "spoilt": sum(verdict != Verdict.ok for verdict in result.verdict),
            "attempts": int(np.sum(result.attempts)),
        }


def kept(route: str, shots: int) -> Row:
    """Return what `one` does, from its row where it was kept."""
    settings = {"route": route, "shots": shots}
    (row,) = sweep("endurance", settings, [0], lambda _: one(route, shots))
    return row


def cost(route: str, row: Row) -> tuple[str, bool]:
    """Return a line of the table of costs, and whether it is as promised."""
    excess, share = row["disk"] / row["frames"], row["journal"] / SHOT
    cells = (
        route, f"{row['frames'] / 1e6:.1f}", f"{row['disk'] / 1e6:.1f}",
        f"{excess:.4f}", f"{row['shot'] * 1e3:.0f}", f"{row['journal'] * 1e3:.1f}",
        f"{share:.1%}",
    )  # fmt: skip
    most = TWICE if "artiq" in route else EXCESS
    return f"| {' | '.join(cells)} |", excess < most and share < SHARE


def whole(route: str, shots: int, row: Row) -> tuple[str, bool]:
    """Return a line of the table of what is there, and whether all is."""
    counts = [row[key] for key in ("shots", "gaps", "spoilt", "attempts")]
    cells = (route, *map(str, [shots, *counts]))
    return f"| {' | '.join(cells)} |", counts == [shots, 0, 0, shots]


def memory(route: str, shots: int, row: Row) -> list[tuple[str, bool]]:
    """Return the lines of the table of memory, and whether each is as promised."""
    lines = []
    for process, one in row["memory"].items():
        far = one["end"] + one["growth"] * (FAR - shots)
        figures = [f"{value / 1e6:.0f}" for value in (one["begin"], one["end"], far)]
        cells = (route, process, *figures[:2], f"{one['growth'] / 1e3:.2f}", figures[2])
        flat = one["growth"] * shots < GROWTH * row["frames"]
        lines.append((f"| {' | '.join(cells)} |", flat))
    return lines


def get_argparser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks endurance", description=__doc__
    )
    parser.add_argument("--shots", type=int, default=1000)
    parser.add_argument("--route", choices=ROUTES, help="default: every one")
    parser.add_argument(
        "--stretches", type=int, default=5,
        help=f"of {killed_controllers.RUNS} runs, under a master each (%(default)d)",
    )  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, help="also write the page here")
    return parser


def main(arguments: list[str]) -> int:
    parser = get_argparser()
    options = parser.parse_args(arguments)
    routes = (options.route,) if options.route else ROUTES
    if any("artiq" in route for route in routes) and is_embedded("artiq"):
        parser.error("artiq_run and artiq_master need a Python that has ARTIQ")
    rows = {route: kept(route, options.shots) for route in routes}
    lines = {
        "cost": [cost(route, row) for route, row in rows.items()],
        "whole": [whole(route, options.shots, row) for route, row in rows.items()],
        "memory": [
            line
            for route, row in rows.items()
            for line in memory(route, options.shots, row)
        ],
    }
    killed: list[tuple[str, bool]] = []
    if not options.route and options.stretches:
        killed = killed_controllers.lines(options.stretches)
    page = "\n".join(
        [
            *table({name: [text for text, _ in one] for name, one in lines.items()}),
            *(
                [killed_controllers.table([text for text, _ in killed])]
                if killed
                else []
            ),
            "",
            origin([0, max(options.stretches - 1, 0)]),
            "",
        ]
    )
    fine = all(good for one in (*lines.values(), killed) for _, good in one)
    return publish(page, fine, options.output)


def table(lines: dict[str, list[str]]) -> list[str]:
    """Return the page of the long runs."""
    return [
        "# Long runs, and many of them",
        "",
        "Written by `python -m benchmarks endurance`. Runs of Recall; with *sockets*, "
        "plant, camera, DMD, tweezers and lock are in another process "
        "(`aqctl_ccqed_twin`).",
        "",
        "## Nothing lost",
        "",
        "*gaps*: shots whose frames are not those of triggers 0 and 1 of their arming; "
        "*spoilt*: shots of another verdict than ok; *taken*: with repeats. Promised: "
        "every shot, and none of these.",
        "",
        "| route | asked | stored | gaps | spoilt | taken |",
        "| --- | --: | --: | --: | --: | --: |",
        *lines["whole"],
        "",
        "## Memory",
        "",
        "Resident, MB, after a quarter of the shots and at the end, its slope (kB per "
        f"shot) and where that leads after {FAR} shots. Promised: it grows by less "
        f"than {GROWTH:.0%} of the frames.",
        "",
        "| route | process | memory | at the end | slope | projected |",
        "| --- | --- | --: | --: | --: | --: |",
        *lines["memory"],
        "",
        "## Disk, and the journal's time",
        "",
        "Raw frames and all that is left on disk (MB); medians of a shot and of the "
        f"journal's part in it (ms), and that part of a shot of {SHOT} s. Promised: "
        f"disk is less than {EXCESS:g} of the frames, {TWICE:g} under ARTIQ, whose "
        "file has once more what the journal beside it has but frames; the journal "
        f"takes less than {SHARE:.0%}.",
        "",
        "| route | frames | disk | disk/frames | shot | journal | share |",
        "| --- |" + " --: |" * 6,
        *lines["cost"],
    ]
