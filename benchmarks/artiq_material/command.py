"""`python -m benchmarks artiq_material`: run ARTIQ's material, write the page."""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from . import examples, suites
from .outcomes import FAILED, Outcome, Store
from .page import KNOWN, page

HERE = Path(__file__).parents[2]


def get_argparser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks artiq_material")
    add = parser.add_argument
    add("--artiq", type=Path, required=True, metavar="SOURCES", help="of ARTIQ")
    add("--python", default="python", help="one that has ARTIQ and this project")
    add("--output", type=Path, default=HERE / "docs" / "artiq_material.md")
    add("--store", type=Path, default=HERE / "build" / "artiq_material", metavar="DIR")
    add("--again", metavar="REGEX", help="run these items even if they have run")
    return parser


def main(arguments: list[str]) -> int:
    """Run what this commit has not yet; write the page; 1 for a failure not known."""
    options = get_argparser().parse_args(arguments)
    commit = _said("git", "describe", "--always", "--dirty", "--abbrev=12")
    store = Store(options.store / f"{commit}.json")
    folder = options.artiq / "artiq" / "examples"
    tried = {e.item: e for e in examples.find(folder)}
    runs: dict[str, Callable[[], list[Outcome]]] = {}
    for item, example in tried.items():
        runs[item] = partial(examples.run, folder, example, options.python)
    for suite in suites.find(options.artiq):
        runs[suite] = partial(suites.run, suite, options.artiq, options.python)
    found: dict[str, list[Outcome]] = {}
    for item, run in runs.items():
        if item not in store or (options.again and re.search(options.again, item)):
            store.add(item, run())
        found[item] = store[item]
        print(item, *(f"\n  {o}" for o in found[item] if o.verdict == FAILED))
    facts = {
        "this project": commit,
        "ARTIQ": _said(options.python, "-c", "import artiq; print(artiq.__version__)"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "Python": platform.python_version(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }
    by_example = {item: found.pop(item)[0] for item in tried}
    options.output.write_text(page(facts, by_example, found))
    everything = [*by_example.values(), *(o for rows in found.values() for o in rows)]
    return int(any(o.verdict == FAILED and o.name not in KNOWN for o in everything))


def _said(*command: str) -> str:
    ended = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=HERE
    )
    return ended.stdout.strip()
