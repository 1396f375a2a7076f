"""`python -m benchmarks unchanged COMMIT`: Recall as it was, bit for bit, and as fast.

Checks COMMIT out into a worktree, installs it and the present tree side by side, runs
`repository/recall.py` of both for each seed and encoder on this machine, and compares
every dataset: type, shape, attributes, bytes. Where this Python has ARTIQ, `artiq_run`
does the same. Then both interpret the same kernels in turn, and words per second are
compared. Ends with exit code 1 if a dataset differs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).parents[1]
ENCODERS = ("plain", "trained")
GROUPS = ("datasets", "archive")


class Tree:
    """One version of the project, installed into a folder of its own."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.source, self.folder = source, folder
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        run([*pip, "--target", str(folder / "site"), str(source)], folder.parent, {})

    def python(self, *arguments: object) -> str:
        """Run this Python with this version first on its path."""
        path = {"PYTHONPATH": str(self.folder / "site")}
        return run([sys.executable, *map(str, arguments)], self.folder, path)

    def ccqed(self, encoder: str, seed: int) -> Path:
        """Run Recall on the embedded host or beside ARTIQ; return the result file."""
        results = self.folder / f"ccqed-{encoder}-{seed}"
        self.python(
            *("-m", "ccqed_ctrl.cli", "run", self.source / "repository/recall.py"),
            *(f"encoder={encoder}", "--seed", seed, "--results", results),
            *("--dataset-db", self.folder / "dataset_db.sqlite", "-q"),
        )
        (found,) = results.rglob("*.h5")
        return found

    def artiq_run(self, encoder: str, seed: int) -> Path:
        """Run Recall under ARTIQ; return the result file."""
        output = self.folder / f"artiq-{encoder}-{seed}.h5"
        os.environ["CCQED_BACKEND"] = "simulation"
        self.python(
            *("-m", "artiq.frontend.artiq_run", "-o", output),
            *("--device-db", self.source / "device_db.py"),
            *("--dataset-db", self.folder / "artiq.mdb"),
            *(self.source / "repository/recall.py", f'encoder="{encoder}"'),
            f"seed={seed}",
        )
        return output

    def words_per_second(self, shots: int) -> float:
        """Interpret Recall's kernels."""
        script = Path(__file__).with_name("interpretation.py")
        words, taken = self.python(script, self.source, shots).split()
        return int(words) / float(taken)


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    found = {}

    def note(_name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[item.name] = item

    for group in GROUPS:
        if group in file:
            file[group].visititems(
                lambda name, item, g=group: note(f"{g}/{name}", item)
            )
    return found


def differences(before: Path, after: Path) -> Iterator[str]:
    """Yield what is not the same in two result files."""
    with h5py.File(before) as old, h5py.File(after) as new:
        was, now = datasets(old), datasets(new)
        yield from sorted(f"{key} is only in one" for key in was.keys() ^ now.keys())
        for key in was.keys() & now.keys():
            a, b = was[key], now[key]
            if (a.dtype, a.shape) != (b.dtype, b.shape):
                yield f"{key}: {a.dtype} {a.shape} became {b.dtype} {b.shape}"
            elif not same(a[()], b[()]) or dict(a.attrs) != dict(b.attrs):
                yield f"{key} has other contents"


def same(a: object, b: object) -> bool:
    first, second = np.asarray(a), np.asarray(b)
    if first.dtype == object:
        return bool(np.array_equal(first, second))
    return first.tobytes() == second.tobytes()


def has_artiq() -> bool:
    code = "import artiq.frontend.artiq_run"
    return not subprocess.run(
        [sys.executable, "-c", code], capture_output=True
    ).returncode


def compare(before: Tree, after: Tree, seeds: range) -> int:
    """Run both, print a line per run, and return how many differ."""
    differing = 0
    routes = ("ccqed", "artiq_run") if has_artiq() else ("ccqed",)
    for route in routes:
        for encoder in ENCODERS:
            for seed in seeds:
                old, new = (getattr(t, route)(encoder, seed) for t in (before, after))
                found = list(differences(old, new))
                with h5py.File(new) as file:
                    count = len(datasets(file))
                verdict = "; ".join(found) or f"{count} datasets equal"
                print(f"{route} encoder={encoder} seed={seed}: {verdict}", flush=True)
                differing += bool(found)
    return differing


def speeds(before: Tree, after: Tree, repeats: int, shots: int) -> None:
    pairs = [
        (before.words_per_second(shots), after.words_per_second(shots))
        for _ in range(repeats)
    ]
    old, new = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(second / first for first, second in pairs)
    print(
        f"interpreted words per second: {old:.0f} before, {new:.0f} now, {ratio:.3f}x"
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", help="the commit to compare with")
    parser.add_argument("--seeds", type=int, default=5, help="0 to SEEDS - 1")
    parser.add_argument("--repeats", type=int, default=7, help="of the timing")
    parser.add_argument("--shots", type=int, default=200, help="of the timing")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        worktree = folder / "before"
        run(["git", "worktree", "add", "-q", str(worktree), options.commit], ROOT, {})
        try:
            for side in ("old", "new"):
                (folder / side).mkdir()
            before = Tree(worktree, folder / "old")
            after = Tree(ROOT, folder / "new")
            differing = compare(before, after, range(options.seeds))
            speeds(before, after, options.repeats, options.shots)
        finally:
            remove = ["git", "worktree", "remove", "--force", str(worktree)]
            run(remove, ROOT, {})
    return int(differing > 0)
