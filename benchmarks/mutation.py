"""Does a test fail when a line is wrong? Each line of importance is made wrong once.

`python -m benchmarks mutation [--files FILE ...] [--sample N] [-o docs/mutation.md]`:
one mutant after the other (`mutants`) is written into a clone of the commit, and the
tests of its file run there, the quickest first, until one fails. What survives must
stand in `mutation_survivors.toml`, with the reason for which no test can or need see
it; another survivor ends with exit code 1. Rows are kept (`sweep`): the same command
goes on, and measures only what has changed, a file or its tests. A sample is random,
of each file its share, and a part of every larger one of the same seed.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .sweep import ROOT, Row, origin, sweep

#: Files of importance, and the tests that answer for them beside those of their name.
FILES: dict[str, tuple[str, ...]] = {
    # Safety.
    "ccqed_ctrl/limits.py": (),
    "ccqed_ctrl/devices/imaging.py": ("tests/sequences/test_holographic_shot.py",),
    "ccqed_ctrl/devices/pump.py": ("tests/sequences/test_holographic_shot.py",),
    "ccqed_ctrl/devices/tones.py": ("tests/sequences/test_holographic_shot.py",),
    "ccqed_ctrl/sequences/flat_frames.py": (),
    "ccqed_ctrl/sequences/holographic_shot.py": (
        "tests/sequences/test_arranging.py",
        "tests/end_to_end/test_reservoir.py",
        "tests/end_to_end/test_faults.py",
    ),
    "ccqed_ctrl/sequences/probe_counts.py": (),
    # Storage.
    "ccqed_ctrl/journal.py": (),
    "ccqed_ctrl/records/writing.py": ("tests/records", "tests/test_shots.py"),
    # Constants of physics.
    "ccqed_ctrl/model/couplings.py": (),
    "ccqed_ctrl/model/emission.py": (),
    "ccqed_ctrl/model/encoder.py": (),
    "ccqed_ctrl/model/imaging.py": (),
    "ccqed_ctrl/model/ising.py": (),
    "ccqed_ctrl/model/plan.py": (),
    "sim_backend/laboratory/controls.py": (),
    "sim_backend/laboratory/atoms.py": (
        "tests/laboratory/test_plant.py",
        "tests/laboratory/test_ageing.py",
        "tests/laboratory/test_imperfections.py",
        "tests/end_to_end/test_faults.py",
    ),
    "sim_backend/laboratory/phases.py": (
        "tests/laboratory/test_imperfections.py",
        "tests/laboratory/test_plant.py",
    ),
    "sim_backend/laboratory/plant.py": (
        "tests/laboratory/test_imperfections.py",
        "tests/end_to_end/test_faults.py",
    ),
    "sim_backend/laboratory/physics/cavity.py": (),
    "sim_backend/laboratory/physics/detection.py": (),
    "sim_backend/laboratory/physics/rates.py": (),
    "sim_backend/laboratory/physics/system.py": (),
    "sim_backend/laboratory/physics/thresholds.py": (),
}
ACCEPTED = Path(__file__).with_name("mutation_survivors.toml")
#: For the tests of a file, without a mutant; s.
LIMIT = 900
#: Each run of tests begins where what is not ours has been imported already.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["h5py", "numba", "pytest", "scipy.optimize"])


def tests(file: str) -> list[str]:
    """Return the tests of a file: those of its name, and those that `FILES` adds."""
    path = Path(file)
    mirrored = Path("tests", *path.parts[1:-1], f"test_{path.name}")
    return [*([str(mirrored)] if (ROOT / mirrored).exists() else []), *FILES[file]]


@dataclass(frozen=True)
class Suite:
    """The tests of a file that pass without a mutant, the quickest first; s in all."""

    tests: tuple[str, ...]
    seconds: float

    @property
    def limit(self) -> float:
        """After which a mutant hangs, s."""
        return 30 + 5 * self.seconds


def suite(tree: Path, file: str) -> Suite:
    """Run a file's tests in a tree, without a mutant.

    Raises
    ------
    RuntimeError
        One fails.
    """
    ours, theirs = SERVER.Pipe(duplex=False)
    code = _run(tree, tests(file), LIMIT, theirs)
    if code != 0:
        raise RuntimeError(f"{file}: its tests fail without a mutant ({code})")
    durations: dict[str, float] = ours.recv()
    return Suite(tuple(sorted(durations, key=durations.__getitem__)),
                 sum(durations.values()))  # fmt: skip


def fate(tree: Path, file: str, mutant: str, known: Suite) -> str:
    """Return what tests say of a mutant of a file: killed, survived or hung."""
    path = tree / file
    original = path.read_text()
    path.write_text(mutant)
    try:
        code = _run(tree, known.tests, known.limit)
    finally:
        path.write_text(original)
    # 2, 3, 4: the file cannot even be imported.
    if code not in (0, 1, 2, 3, 4, None):
        raise RuntimeError(f"{file}: pytest ended with {code}")
    return {0: "survived", None: "hung"}.get(code, "killed")


def _run(
    tree: Path, asked: Sequence[str], limit: float, told: Connection | None = None
) -> int | None:
    """Run tests in a tree, up to the first that fails; None: they hang."""
    process = SERVER.Process(target=_test, args=(str(tree), list(asked), told))
    process.start()
    process.join(limit)
    code = process.exitcode
    process.kill()
    return code


class _Clock:
    """How long each test takes, by its name."""

    def __init__(self) -> None:
        self.durations: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        before = self.durations.get(report.nodeid, 0.0)
        self.durations[report.nodeid] = before + report.duration


def _test(tree: str, asked: list[str], told: Connection | None) -> None:
    """Run tests in this process, with what is in the tree and nothing else of ours."""
    import pytest

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for name in [name for name in sys.modules if name.startswith("benchmarks")]:
        del sys.modules[name]
    os.chdir(tree)
    sys.path.insert(0, tree)
    os.environ["PYTHONPATH"] = tree
    options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        code = pytest.main([*options, "-m", "not slow and not artiq", *asked], [clock])
    if told is not None:
        told.send(clock.durations)
    sys.exit(int(code))


def measured(tree: Path, file: str, chosen: Sequence[int]) -> list[Row]:
    """Return the fate of some mutants of a file, by their numbers."""
    from .mutants import mutants

    found = mutants((tree / file).read_text())
    known = cache(suite)

    def take(number: int) -> Row:
        each = found[number]
        about = {"operator": each.operator, "line": each.line, "before": each.before}
        end = fate(tree, file, each.source, known(tree, file))
        return about | {"after": each.after, "fate": end}

    return sweep(
        "mutation", {"file": file}, chosen, take,
        version=version(tree, file, [each.source for each in found]),
    )  # fmt: skip


def choice(counts: dict[str, int], size: int | None, seed: int) -> dict[str, list[int]]:
    """Return which mutants of each file to take: all, or a random share of `size`.

    Each file has at least one. A larger choice of the same seed has them all, too.
    """
    share = 1.0 if size is None else min(size / sum(counts.values()), 1.0)
    orders = {
        file: random.Random(f"{seed} {file}").sample(range(count), count)  # noqa: S311
        for file, count in counts.items()
    }
    return {file: sorted(order[: math.ceil(share * len(order))])
            for file, order in orders.items()}  # fmt: skip


def version(tree: Path, file: str, made: list[str]) -> str:
    """Return what rows of a file hold for: its mutants, and its tests."""
    paths = [tree / each for each in tests(file)]
    texts = [each for path in paths for each in (sorted(path.rglob("*.py")) or [path])]
    content = [*made, *(each.read_text() for each in texts)]
    return hashlib.sha256("".join(content).encode()).hexdigest()


def reason(file: str, row: Row, accepted: list[dict[str, str]]) -> str:
    """Return why a mutant may survive, empty where nobody has said so."""
    for entry in accepted:
        if (entry["file"], entry["before"]) == (file, row["before"]) and entry.get(
            "after", row["after"]
        ) == row["after"]:
            return entry["reason"]
    return ""


def page(
    rows: dict[str, list[Row]],
    counts: dict[str, int],
    accepted: list[dict[str, str]],
    seed: int,
) -> tuple[str, bool]:
    """Return the page, and whether every survivor has its reason."""
    table, survivors, explained = [], [], True
    for file, each in rows.items():
        left = [row for row in each if row["fate"] == "survived"]
        table.append(
            f"| {file} | {counts[file]} | {len(each)} | {len(each) - len(left)} | "
            f"{len(left)} |"
        )
        for row in left:
            why = reason(file, row, accepted)
            explained &= bool(why)
            before, after = (
                row[key].replace("|", "\\|") for key in ("before", "after")
            )
            survivors.append(
                f"| {file}:{row['line']} | `{before}` | `{after}` | {why or 'NONE'} |"
            )
    missing = ", ".join(file for file in FILES if file not in rows)
    lines = [
        "# Mutants: lines made wrong, and whether a test fails", "",
        "`python -m benchmarks mutation` (`benchmarks/mutation.py`).", "",
        "| file | mutants | of which taken | killed | survived |",
        "| --- | --: | --: | --: | --: |",
        *table, "", f"Not measured here: {missing or 'none'}.", "",
        "## Survivors", "", "| where | line | made | reason |",
        "| --- | --- | --- | --- |", *survivors, "",
        origin([seed, seed]),
    ]  # fmt: skip
    return "\n".join(lines) + "\n", explained


def main(arguments: list[str]) -> int:
    """Run, print the page, and say by the exit code whether survivors are explained."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks mutation", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--files", nargs="+", choices=FILES, default=[*FILES])
    parser.add_argument("-o", "--output", type=Path, help="also write the page here")
    parser.add_argument(
        "--sample", type=int, metavar="N",
        help="take so many at random, of each file its share; default: all",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    options = parser.parse_args(arguments)
    from .mutants import mutants

    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        subprocess.run(["git", "clone", "-q", ROOT, tree], check=True)
        counts = {f: len(mutants((tree / f).read_text())) for f in options.files}
        chosen = choice(counts, options.sample, options.seed)
        rows = {file: measured(tree, file, chosen[file]) for file in options.files}
    accepted = tomllib.loads(ACCEPTED.read_text())["survivor"]
    text, explained = page(rows, counts, accepted, options.seed)
    print(text)
    if options.output:
        options.output.write_text(text)
    return 0 if explained else 1
