"""`python -m benchmarks endurance [-o TABLE.md]`: what a long run costs, by each route.

Runs Recall for many shots; says how the memory of the process that holds the data
grows from shot to shot, how large what it leaves on disk is against its raw frames, and
what share of a shot the journal takes. Runs done are kept: the same command on the same
commit goes on where it stopped. Ends with exit code 1 where a promise is broken.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import analysis
from ccqed_ctrl.holograms import HologramRecord
from sim_backend.host import is_embedded

from .routes import announced, started
from .sweep import Row, origin, sweep

ROUTES = ("ccqed", "artiq_run", "artiq_master")
#: What is promised: bytes a shot adds to memory, over those of its frames; files over
#: the frames; the journal's share of a shot of so many seconds.
GROWTH, EXCESS, SHARE, SHOT = 0.02, 1.02, 0.05, 0.2
FAR = 10_000


def one(route: str, shots: int) -> Row:
    """Let a run of some shots end; return what it cost."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with started(route, folder, shots) as run:
            while not run.over():
                time.sleep(0.5)
        said = announced(folder)
        memory, seconds, journal = (
            np.array([line[key] for line in said], float)
            for key in ("memory", "clock", "journal")
        )
        (file,) = folder.rglob("*.h5")
        with analysis.open(file) as result:
            frames = result.row(HologramRecord.frames.key, 0).nbytes * result.shots
        left = [file, *folder.rglob("*.journal")]
        # Templates, caches and pools fill in the first shots.
        settled = len(said) // 4
        done = np.arange(len(said))[settled:]
        return {
            "frames": frames,
            "disk": sum(path.stat().st_size for path in left),
            "begin": memory[settled],
            "end": memory[-1],
            "growth": float(np.polyfit(done, memory[settled:], 1)[0]),
            "shot": float(np.median(np.diff(seconds))),
            "journal": float(np.median(np.diff(journal))),
        }


def kept(route: str, shots: int) -> Row:
    """Return what `one` does, from its row where it was kept."""
    settings = {"route": route, "shots": shots}
    (row,) = sweep("endurance", settings, [0], lambda _: one(route, shots))
    return row


def line(route: str, shots: int, row: Row) -> tuple[str, bool]:
    """Return a line of the table, and whether it is as promised."""
    excess, share = row["disk"] / row["frames"], row["journal"] / SHOT
    small = row["growth"] * shots < GROWTH * row["frames"] and excess < EXCESS
    far = row["end"] + row["growth"] * (FAR - shots)
    cells = (
        route, str(shots), *(f"{row[key] / 1e6:.0f}" for key in ("begin", "end")),
        f"{row['growth'] / 1e3:.2f}", f"{far / 1e6:.0f}", f"{row['frames'] / 1e6:.1f}",
        f"{row['disk'] / 1e6:.1f}", f"{excess:.4f}", f"{row['shot'] * 1e3:.0f}",
        f"{row['journal'] * 1e3:.1f}", f"{share:.1%}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |", small and share < SHARE


def get_argparser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks endurance", description=__doc__
    )
    parser.add_argument("--shots", type=int, default=1000)
    parser.add_argument("--route", choices=ROUTES, help="default: every one")
    parser.add_argument("-o", "--output", type=Path, help="also write the table here")
    return parser


def main(arguments: list[str]) -> int:
    parser = get_argparser()
    options = parser.parse_args(arguments)
    routes = (options.route,) if options.route else ROUTES
    if routes != ROUTES[:1] and is_embedded("artiq"):
        parser.error("artiq_run and artiq_master need a Python that has ARTIQ")
    lines = []
    for route in routes:
        lines.append(line(route, options.shots, kept(route, options.shots)))
    page = table([text for text, _ in lines])
    print(page)
    if options.output:
        options.output.write_text(page)
    return int(not all(fine for _, fine in lines))


def table(lines: Sequence[str]) -> str:
    return "\n".join(
        [
            "# Long runs: memory, disk, and the journal's time",
            "",
            "`python -m benchmarks endurance`: memory (resident, MB) of the process "
            "that holds the data, after a quarter of the shots and at the end, its "
            f"slope (kB per shot) and where that leads after {FAR} shots; raw frames "
            "and all that is left on disk (MB); medians of a shot and of the journal's "
            f"part in it (ms), and that part of a shot of {SHOT} s. Promised: memory "
            f"grows by less than {GROWTH:.0%} of the frames, disk is less than "
            f"{EXCESS:g} of them, the journal takes less than {SHARE:.0%}.",
            "",
            "| route | shots | memory | at the end | slope | projected | frames | disk "
            "| disk/frames | shot | journal | share |",
            "| --- |" + " --: |" * 11,
            *lines,
            "",
            origin([0]),
            "",
        ]
    )
