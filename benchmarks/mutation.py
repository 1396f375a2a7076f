"""Does a test fail when a line is wrong? Each line of importance is made wrong once.

`python -m benchmarks mutation [FILE ...] [-o docs/mutation.md]`: one mutant after the
other is written into a clone of the commit, and the tests that mirror its file run
there until one fails. What survives must stand in `mutation_survivors.toml`, with the
reason for which no test can or need see it: another survivor ends with exit code 1.
Rows are kept (`sweep`): the same command goes on while file and tests stay the same.

Mutants are Cosmic Ray's: kept (releases in 2026), one at a time, as text in the file,
so that kernels, which are read from their source, and compiled functions change too.
mutmut 3 compiles all mutants of a function side by side and chooses as it is called:
it skips decorated functions, which kernels are, and constants of modules. Of Cosmic
Ray we use the operators without its database and its plugins' loader, and but one or
two replacements of each sign: eleven wrong signs in one place say no more than two.
It removes no statements; safety is made of statements, so `RemoveStatement` is ours.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
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
    "ccqed_ctrl/sequences/holographic_shot.py": ("tests/end_to_end/test_safety.py",),
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
#: Cosmic Ray's operators; of each sign the wrong ones that are likeliest to hide.
OPERATORS = (
    "NumberReplacer", "AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak", "ZeroIterationForLoop",
    *(f"ReplaceBinaryOperator_{pair}" for pair in (
        "Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul", "FloorDiv_Mul",
        "Mod_Mul", "BitAnd_BitOr",
    )),
    *(f"ReplaceComparisonOperator_{pair}" for pair in (
        "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_Gt", "Gt_Lt", "LtE_GtE", "GtE_LtE",
        "Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is",
    )),
    "ReplaceUnaryOperator_USub_UAdd", "ReplaceUnaryOperator_Delete_Invert",
    "ReplaceUnaryOperator_Delete_Not",
)  # fmt: skip
ACCEPTED = Path(__file__).with_name("mutation_survivors.toml")
#: A mutant that hangs is found out; s.
LIMIT = 300


@dataclass(frozen=True)
class Mutant:
    """One line made wrong: where, by which operator, both lines, and the whole file."""

    operator: str
    line: int
    before: str
    after: str
    source: str


def mutants(source: str) -> list[Mutant]:
    """Return every mutant of a file, by line."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.operators.provider import OperatorProvider

    offered = OperatorProvider()
    made = [(name, offered[name]()) for name in OPERATORS]
    made.append(("RemoveStatement", remove_statement()))
    found = []
    for name, operator in made:
        occurrence = 0
        while (changed := mutate_code(source, operator, occurrence)) is not None:
            occurrence += 1
            if _compiles(changed):
                found.append(_described(name, source, changed))
    # For Cosmic Ray the star before keywords is a product.
    found = [each for each in found if "*, " not in f"{each.before} "]
    return sorted(found, key=lambda each: each.line)


def remove_statement() -> Any:
    """Return the operator that puts `pass` in place of what a line does."""
    from cosmic_ray.operators.operator import Operator
    from parso.python.tree import Keyword, PythonNode

    class RemoveStatement(Operator):
        """Calls, raised errors, and assignments to attributes and items."""

        def mutation_positions(self, node: Any) -> Iterator[Any]:
            if node.type == "simple_stmt" and _acts(node.children[0]):
                yield node.start_pos, node.end_pos

        def mutate(self, node: Any, _index: int) -> Any:
            prefix = node.get_first_leaf().prefix
            word = Keyword("pass", node.start_pos, prefix)
            return PythonNode("simple_stmt", [word, node.children[-1]])

        @classmethod
        def examples(cls) -> tuple[Any, ...]:
            return ()

    return RemoveStatement()


def _acts(node: Any) -> bool:
    if node.type == "expr_stmt":
        target, sign = node.children[0], node.children[1]
        return target.type == "atom_expr" or getattr(sign, "value", "=") != "="
    return node.type in ("atom_expr", "power", "raise_stmt", "del_stmt")


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _described(name: str, source: str, changed: str) -> Mutant:
    old, new = source.splitlines(), changed.splitlines()
    line = next(
        (k for k, pair in enumerate(zip(old, new, strict=False)) if len(set(pair)) > 1),
        len(new) - 1,
    )
    return Mutant(name, line + 1, old[line].strip(), new[line].strip(), changed)


def tests(file: str) -> list[str]:
    """Return the tests of a file: those of its name, and those that `FILES` adds."""
    path = Path(file)
    mirrored = Path("tests", *path.parts[1:-1], f"test_{path.name}")
    return [*([str(mirrored)] if (ROOT / mirrored).exists() else []), *FILES[file]]


def fate(tree: Path, file: str, mutant: Mutant) -> str:
    """Return what the tests say of a mutant: killed, survived or hung."""
    path = tree / file
    original = path.read_text()
    path.write_text(mutant.source)
    try:
        return "survived" if passes(tree, file) else "killed"
    except subprocess.TimeoutExpired:
        return "hung"
    finally:
        path.write_text(original)


def passes(tree: Path, file: str) -> bool:
    """Run a file's tests in a tree, up to the first that fails."""
    command = [
        *(
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
        ),
        *("-m", "not slow and not artiq", *tests(file)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PYTHONPATH": str(tree), "TMPDIR": folder}
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True,
            timeout=LIMIT, check=False,
        )  # fmt: skip
    if done.returncode not in (0, 1, 2):  # 2: the file cannot even be imported
        raise RuntimeError(f"pytest ended with {done.returncode}: {done.stdout[-500:]}")
    return done.returncode == 0


def measured(tree: Path, file: str) -> list[Row]:
    """Return the fate of each mutant of a file."""
    found = mutants((tree / file).read_text())
    if not passes(tree, file):
        raise RuntimeError(f"{file}: its tests fail without a mutant")

    def take(number: int) -> Row:
        each = found[number]
        about = {"operator": each.operator, "line": each.line, "before": each.before}
        return about | {"after": each.after, "fate": fate(tree, file, each)}

    seeds = range(len(found))
    return sweep("mutation", {"file": file}, seeds, take, version=version(tree, file))


def version(tree: Path, file: str) -> str:
    """Return what a file's rows hold for: its text and that of its tests."""
    paths = [tree / each for each in (file, *tests(file))]
    texts = [each for path in paths for each in (sorted(path.rglob("*.py")) or [path])]
    return hashlib.sha256(b"".join(each.read_bytes() for each in texts)).hexdigest()


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
    lines = [
        "# Mutants: lines made wrong, and whether a test fails", "",
        "`python -m benchmarks mutation` (`benchmarks/mutation.py`).", "",
        "| file | mutants | killed | survived |", "| --- | --: | --: | --: |",
        *table, "",
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
    parser.add_argument("files", nargs="*", metavar="FILE", help="default: all known")
    parser.add_argument("-o", "--output", type=Path, help="also write the page here")
    options = parser.parse_args(arguments)
    if unknown := set(options.files) - set(FILES):
        parser.error(f"no tests are known of {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        subprocess.run(["git", "clone", "-q", ROOT, tree], check=True)
        rows = {file: measured(tree, file) for file in options.files or FILES}
    text, explained = page(rows, tomllib.loads(ACCEPTED.read_text())["survivor"])
    print(text)
    if options.output:
        options.output.write_text(text)
    return 0 if explained else 1
