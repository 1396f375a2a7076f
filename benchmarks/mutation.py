"""Does a test fail when a line is wrong? Each line of importance is made wrong once.

`python -m benchmarks mutation [--files FILE ...] [-o docs/mutation.md]`: one mutant
after the other (`mutants`) is written into a clone of the commit, and the tests of its
file run there until one fails. What survives must stand in `mutation_survivors.toml`,
with the reason for which no test can or need see it; another survivor ends with exit
code 1. Rows are kept (`sweep`): the same command goes on, and measures only what has
changed, a file or its tests.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from .sweep import ROOT, Row, origin, sweep

#: Files of importance, and the tests that answer for them beside those of their name.
FILES: dict[str, tuple[str, ...]] = {
    # Safety.
    "ccqed_ctrl/limits.py": (),
    "ccqed_ctrl/devices/imaging.py": ("tests/sequences/test_holographic_shot.py",),
    "ccqed_ctrl/devices/pump.py": ("tests/sequences/test_holographic_shot.py",),
    "ccqed_ctrl/devices/tones.py": ("tests/sequences/test_holographic_shot.py",),
    "ccqed_ctrl/sequences/holographic_shot.py": (),
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
    "sim_backend/laboratory/plant.py": (),
    "sim_backend/laboratory/physics/cavity.py": (),
    "sim_backend/laboratory/physics/detection.py": (),
    "sim_backend/laboratory/physics/rates.py": (),
    "sim_backend/laboratory/physics/system.py": (),
    "sim_backend/laboratory/physics/thresholds.py": (),
}
ACCEPTED = Path(__file__).with_name("mutation_survivors.toml")
#: A mutant that hangs is found out; s.
LIMIT = 300
#: Each run of tests begins where what is not ours has been imported already.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["h5py", "numba", "pytest", "scipy.optimize"])


def tests(file: str) -> list[str]:
    """Return the tests of a file: those of its name, and those that `FILES` adds."""
    path = Path(file)
    mirrored = Path("tests", *path.parts[1:-1], f"test_{path.name}")
    return [*([str(mirrored)] if (ROOT / mirrored).exists() else []), *FILES[file]]


def fate(tree: Path, file: str, mutant: str) -> str:
    """Return what tests say of a mutant of a file: killed, survived or hung."""
    path = tree / file
    original = path.read_text()
    path.write_text(mutant)
    try:
        code = verdict(tree, file)
    finally:
        path.write_text(original)
    if code not in (0, 1, 2, None):  # 2: the file cannot even be imported
        raise RuntimeError(f"{file}: pytest ended with {code}")
    return {0: "survived", None: "hung"}.get(code, "killed")


def verdict(tree: Path, file: str) -> int | None:
    """Run a file's tests in a tree, up to the first that fails; None: they hang."""
    process = SERVER.Process(target=_test, args=(str(tree), tests(file)))
    process.start()
    process.join(LIMIT)
    code = process.exitcode
    process.kill()
    return code


def _test(tree: str, paths: list[str]) -> None:
    """Run tests in this process, with what is in the tree and nothing else of ours."""
    import pytest

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for name in [name for name in sys.modules if name.startswith("benchmarks")]:
        del sys.modules[name]
    os.chdir(tree)
    sys.path.insert(0, tree)
    os.environ["PYTHONPATH"] = tree
    options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        code = pytest.main([*options, "-m", "not slow and not artiq", *paths])
    sys.exit(int(code))


def measured(tree: Path, file: str) -> list[Row]:
    """Return the fate of each mutant of a file."""
    from .mutants import mutants

    found = mutants((tree / file).read_text())
    if verdict(tree, file) != 0:
        raise RuntimeError(f"{file}: its tests fail without a mutant")

    def take(number: int) -> Row:
        each = found[number]
        about = {"operator": each.operator, "line": each.line, "before": each.before}
        return about | {"after": each.after, "fate": fate(tree, file, each.source)}

    return sweep(
        "mutation", {"file": file}, range(len(found)), take,
        version=version(tree, file, [each.source for each in found]),
    )  # fmt: skip


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
    rows: dict[str, list[Row]], accepted: list[dict[str, str]]
) -> tuple[str, bool]:
    """Return the page, and whether every survivor has its reason."""
    table, survivors, explained = [], [], True
    for file, each in rows.items():
        left = [row for row in each if row["fate"] == "survived"]
        table.append(
            f"| {file} | {len(each)} | {len(each) - len(left)} | {len(left)} |"
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
        "| file | mutants | killed | survived |", "| --- | --: | --: | --: |",
        *table, "", f"Not measured here: {missing or 'none'}.", "",
        "## Survivors", "", "| where | line | made | reason |",
        "| --- | --- | --- | --- |", *survivors, "",
        origin([0, max(map(len, rows.values())) - 1]),
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
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        subprocess.run(["git", "clone", "-q", ROOT, tree], check=True)
        rows = {file: measured(tree, file) for file in options.files}
    text, explained = page(rows, tomllib.loads(ACCEPTED.read_text())["survivor"])
    print(text)
    if options.output:
        options.output.write_text(text)
    return 0 if explained else 1
