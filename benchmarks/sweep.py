"""Long measurements over seeds: each finished row is kept, the same command goes on.

Rows stand in a file of JSON lines beside what they are of: the measurement's name, its
settings and the commit. Only rows of the same three count, so that a table never mixes
two programs. What depends on little of the tree may say its version itself. Their
command lines and tables of promises are made here, too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
#: Where rows are kept; git ignores it.
STORE = ROOT / "results" / "sweeps"

Row = dict[str, Any]
#: What, promised, found, kept.
Promise = tuple[str, str, str, bool]


def sweep(
    name: str,
    settings: Row,
    seeds: Iterable[int],
    take: Callable[[int], Row],
    *,
    jobs: int = 1,
    store: Path = STORE,
    version: str = "",
) -> list[Row]:
    """Return the row of each seed, those kept already among them, in order of seeds.

    take: measures one seed, and returns what JSON can say. Rows are printed and kept as
    they come; one that raises ends the sweep, the rows before it stay.
    """
    path = store / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    key: Row = {"commit": version or commit(), "settings": settings}
    rows = {row["seed"]: row for row in _kept(path, key)}
    seeds = list(seeds)
    missing = [seed for seed in seeds if seed not in rows]
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(take, seed): seed for seed in missing}
        try:
            for number, future in enumerate(as_completed(running), 1):
                row = {"seed": running[future], **future.result()}
                rows[row["seed"]] = row
                with path.open("a") as file:
                    # A line of its own, also after one that was cut.
                    file.write("\n" + json.dumps(key | {"row": row}))
                left = len(missing) - number
                print(f"seed {row['seed']} taken, {left} to go", flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [rows[seed] for seed in seeds]


def _kept(path: Path, key: Row) -> Iterable[Row]:
    lines = path.read_text().splitlines() if path.exists() else []
    for line in lines:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue  # cut while it was written: measured again
        if {name: entry.get(name) for name in key} == key:
            yield entry["row"]


def seeds_of(text: str) -> range:
    """Return the seeds 0 to N, excluded, of "N", or A to B of "A:B"."""
    first, colon, last = text.rpartition(":")
    return range(int(first) if colon else 0, int(last))


def get_argparser(
    name: str, description: str | None, seeds: str
) -> argparse.ArgumentParser:
    """Return the options of a sweep; seeds: by default."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}", description=description
    )
    told = f"N or FIRST:END, the end excluded (default {seeds})"
    parser.add_argument("--seeds", type=seeds_of, default=seeds, help=told)
    parser.add_argument("--jobs", type=int, default=1, help="seeds at a time")
    parser.add_argument("-o", "--output", type=Path, help="also write the page here")
    return parser


def promises(of: str, rows: Sequence[Promise]) -> list[str]:
    """Return the lines of a table that says which promises were kept."""
    lines = [f"| {of} | promised | found | |", "| --- | --- | --- | --- |"]
    for what, promised, found, kept in rows:
        verdict = "met" if kept else "MISSED"
        lines.append(f"| {what} | {promised} | {found} | {verdict} |")
    return lines


def publish(page: str, kept: bool, output: Path | None) -> int:
    """Print the page, write it where asked; return 0, or 1 for a broken promise."""
    print(page)
    if output:
        output.write_text(page)
    return 0 if kept else 1


def origin(seeds: list[int]) -> str:
    """Return the line that each table ends with: commit, seeds, machine."""
    return (
        f"Commit {commit()}, seeds {seeds[0]} to {seeds[-1]}, {os.cpu_count()} cores "
        f"({processor()}), Python {platform.python_version()}."
    )


def commit() -> str:
    """Return the commit of the tree, marked where files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return told.stdout.strip()


def processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor()
