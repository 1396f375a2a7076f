"""The architecture, checked: one arrow, no cycles, pure cores, one 2*pi, small files.

The checkers take sources as text, so that they are tested on bad ones below.
"""

from __future__ import annotations

import ast
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Everything of ours.
OURS = (
    "ccqed_ctrl", "analysis", "sim_backend", "repository", "device_db", "tests",
    "benchmarks",
)  # fmt: skip
#: What is no package, and all of ours that it may import; the packages' arrows are
#: contracts of import-linter, in pyproject.toml.
ARROWS = {
    "repository": ("repository", "analysis", "ccqed_ctrl"),
    "device_db": ("sim_backend.ddb",),
}
PACKAGED = ("ccqed_ctrl", "analysis", "sim_backend")
#: Modules without artiq, files, clock, log or network, and all they may import.
FOUNDATION = tuple(
    f"ccqed_ctrl.{name}"
    for name in ("checks", "errors", "limits", "params", "quantities", "rng", "units")
)
PURE = {
    **dict.fromkeys(FOUNDATION, FOUNDATION),
    "ccqed_ctrl.model": ("ccqed_ctrl.model", *FOUNDATION),
    "sim_backend.laboratory.physics": (
        "sim_backend.laboratory.physics",
        "ccqed_ctrl.model",
        *FOUNDATION,
    ),
}
MATHEMATICS = (
    "__future__", "collections", "concurrent.futures", "dataclasses", "enum",
    "functools", "itertools", "math", "numba", "numpy", "scipy", "types", "typing",
    "zlib",
)  # fmt: skip
#: Imports within functions: optional extras only, each by name.
LAZY = {
    # For notebooks, and light for the commands.
    ("analysis", "analysis.files.reading"),
    ("analysis.list_commands", "analysis.files.tabulation"),
    ("ccqed_ctrl.memories", "sklearn.datasets"),
    ("analysis.campaign.cluster", "distributed"),
    # The parent process starts at once and needs none of it; nor do other tests.
    ("sim_backend.host.process", "sim_backend.host"),
    ("sim_backend.pytest_plugin", "sim_backend.host"),
}
LONGEST, LONGEST_EXPERIMENT = 400, 150


# Reading sources -----------------------------------------------------------------


def module_name(path: Path) -> str:
    """Return the dotted name of a file; the stand-in for artiq is a part of ours."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> dict[str, str]:
    files = [ROOT / "device_db.py"]
    for layer in (*PACKAGED, "repository"):
        files += sorted((ROOT / layer).rglob("*.py"))
    return {module_name(file): file.read_text(encoding="utf8") for file in files}


def within(name: str, *prefixes: str) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def imports(source: str, module: str, is_package: bool = False) -> list[str]:
    """Return every name that a source imports: absolute, `from a import b` as a.b."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = module.split(".")
                up = up[: len(up) - node.level + is_package]
                base = ".".join([*up, *filter(None, [base])])
            found += [f"{base}.{alias.name}".lstrip(".") for alias in node.names]
    return found


# Checkers ------------------------------------------------------------------------


def wrong_arrows(source: str, module: str, is_package: bool = False) -> list[str]:
    allowed = next((ARROWS[a] for a in ARROWS if within(module, a)), OURS)
    return [
        f"{module} imports {name}"
        for name in imports(source, module, is_package)
        if within(name, *OURS) and not within(name, *allowed)
    ]


def imports_by_name(source: str) -> list[str]:
    """Return our modules that a source has in texts: they hide arrows from everyone.

    References ``module:name`` are not meant: commands and laboratories are found by
    them, and `references` holds them to the same arrows.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if called.split(".")[-1] in ("import_module", "__import__"):
            first = node.args[0] if node.args else None
            text = first.value if isinstance(first, ast.Constant) else ""
            if text.startswith(".") or within(text, *OURS):
                found.append(text)
    return found


def references(source: str, module: str) -> list[str]:
    """Return the modules of ours that a source refers to as ``module:name``."""
    texts = (
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    named = (re.fullmatch(r"((?:\w+\.)+\w+):\w+", text) for text in texts)
    return [name[1] for name in named if name and within(name[1], *OURS)]


def impurities(source: str, module: str, is_package: bool = False) -> list[str]:
    allowed = next((PURE[name] for name in PURE if within(module, name)), None)
    if allowed is None:
        return []
    found = [
        f"{module} imports {name}"
        for name in imports(source, module, is_package)
        if not within(name, *MATHEMATICS, *allowed)
    ]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id in ("open", "input", "print"):
            found.append(f"{module} uses {node.id}")
    return found


def lazy_imports(source: str, module: str) -> list[str]:
    found = []
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for name in imports(ast.unparse(function), module):
                if not any(module == m and within(name, n) for m, n in LAZY):
                    found.append(f"{module}.{function.name} imports {name}")
    return found


def two_pi(source: str) -> list[int]:
    """Return the lines that write 2*pi in some way."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            factors = list(_factors(node))
            twice = any(isinstance(f, ast.Constant) and f.value == 2 for f in factors)
            if twice and any(_is_named(f, "pi") for f in factors):
                lines.append(node.lineno)
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            if math.isclose(node.value, math.tau, rel_tol=1e-3):
                lines.append(node.lineno)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) == "math.tau":
            lines.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "math":
            lines += [node.lineno for alias in node.names if alias.name == "tau"]
    return sorted(set(lines))


def _factors(node: ast.expr):
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _factors(node.left)
        yield from _factors(node.right)
    else:
        yield node


def _is_named(node: ast.expr, name: str) -> bool:
    return getattr(node, "attr", getattr(node, "id", None)) == name


# The project ---------------------------------------------------------------------

SOURCES = sources()
PACKAGES = frozenset(
    module_name(file)
    for layer in PACKAGED
    for file in (ROOT / layer).rglob("__init__.py")
)


def test_the_sources_are_found():
    assert len(SOURCES) > 100
    assert {"device_db", "repository.recall", "ccqed_ctrl.model.plan"} <= set(SOURCES)


@pytest.mark.parametrize("module", SOURCES)
def test_the_module_keeps_to_its_layer(module):
    source, package = SOURCES[module], module in PACKAGES
    assert wrong_arrows(source, module, package) == []
    assert impurities(source, module, package) == []
    assert lazy_imports(source, module) == []
    assert imports_by_name(source) == []
    for name in references(source, module):
        assert within(name, *module.split(".")[:1]), f"{module} refers to {name}"
    if module != "ccqed_ctrl.units":
        assert two_pi(source) == []


@pytest.mark.parametrize("part", OURS)
def test_files_are_short(part):
    longest = LONGEST_EXPERIMENT if part == "repository" else LONGEST
    alone = ROOT / f"{part}.py"
    files = [alone] if alone.exists() else sorted((ROOT / part).rglob("*.py"))
    lines = {str(f): f.read_text(encoding="utf8").count("\n") for f in files}
    assert lines
    assert {name: count for name, count in lines.items() if count >= longest} == {}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("importlinter")
    code = "import sys; from importlinter.cli import lint_imports; "
    code += "sys.exit(lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )


def test_the_arrows_of_the_packages_hold():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


#: Module to append to, what to append, and the contract that must break.
WRONG = [
    ("ccqed_ctrl.model.plan", "import analysis.readout.decode", "analysis stands on"),
    (
        "ccqed_ctrl.records.schema",
        "import sim_backend.ddb",
        "ccqed_ctrl knows no simulator",
    ),
    ("analysis.readout.decode", "from sim_backend import ddb", "analysis takes only"),
    ("sim_backend.crate.slack", "from sim_backend.host import runner", "crate stands"),
    ("sim_backend.host.network", "def f():\n    import sim_backend.gates", "crate st"),
    ("sim_backend.crate.link", "from sim_backend import laboratory", "know no labor"),
    ("sim_backend.gates.kinds", "from ccqed_ctrl import params", "know no laboratory"),
    ("sim_backend.laboratory.plant", "from sim_backend.crate import rtio", "the labor"),
    ("sim_backend.laboratory.physics.ramp", "import h5py", "models and physics"),
    ("ccqed_ctrl.model.plan", "def f():\n    import pathlib", "models and physics"),
]


def test_a_wrong_arrow_of_a_package_is_found(tmp_path):
    for package in PACKAGED:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("site")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for module, line, _ in WRONG:
        with (tmp_path / f"{module.replace('.', '/')}.py").open("a") as file:
            file.write(f"\n\n{line}\n")
    done = lint_imports(tmp_path)
    broken = [row for row in done.stdout.splitlines() if " BROKEN" in row]
    assert done.returncode != 0
    for module, _, contract in WRONG:
        assert any(contract in row for row in broken), contract
        assert f"{module} ->" in done.stdout, module


def test_units_do_write_it():
    assert len(two_pi(SOURCES["ccqed_ctrl.units"])) == 1


# The checkers --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("repository.recall", "import sim_backend.laboratory.physics.cavity"),
        ("repository.recall", "import tests.reference_systems"),
        ("device_db", "import ccqed_ctrl"),
        ("device_db", "from sim_backend.laboratory import LABORATORY"),
    ],
)
def test_a_wrong_arrow_is_found(module, source):
    assert len(wrong_arrows(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("repository.recall", "from analysis.readout.scoring import RecallReader"),
        ("device_db", "from sim_backend.ddb import simulate"),
    ],
)
def test_a_right_arrow_passes(module, source):
    assert wrong_arrows(source, module) == []


@pytest.mark.parametrize(
    "source",
    [
        "import importlib\nimportlib.import_module('sim_backend.ddb')",
        "def f():\n    return import_module('.worker', __package__)",
        "__import__('analysis')",
    ],
)
def test_an_import_by_name_is_found(source):
    assert len(imports_by_name(source)) == 1


def test_other_modules_may_be_imported_by_name():
    source = "import_module(name)\nimport_module('xarray')\n__import__('os')"
    assert imports_by_name(source) == []


def test_a_reference_is_found():
    source = "A = Command('a', 'sim_backend.host.launch:run')\nB = 'not one: at all'"
    assert references(source, "m") == ["sim_backend.host.launch"]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ccqed_ctrl.model.plan", "import h5py"),
        ("ccqed_ctrl.model.plan", "from artiq.experiment import kernel"),
        ("ccqed_ctrl.model.plan", "import time"),
        ("ccqed_ctrl.model.plan", "from pathlib import Path"),
        ("ccqed_ctrl.model.plan", "import logging"),
        ("ccqed_ctrl.model.plan", "from .. import records"),
        ("sim_backend.laboratory.physics.ramp", "from ..plant import Plant"),
        (
            "sim_backend.laboratory.physics.ramp",
            "from ccqed_ctrl.recalling import plan_recall",
        ),
        ("sim_backend.laboratory.physics.ramp", "x = open('a').read()"),
        ("ccqed_ctrl.params", "from .model import plan"),
    ],
)
def test_an_impurity_is_found(module, source):
    assert len(impurities(source, module)) == 1


def test_the_others_may_be_impure():
    assert impurities("import h5py", "analysis.files.records") == []


def test_a_lazy_import_is_found():
    source = "import numpy\n\nclass A:\n    def f(self):\n        import h5py\n"
    assert lazy_imports(source, "analysis.x") == ["analysis.x.f imports h5py"]
    optional = "def f():\n    from sklearn.datasets import load_digits"
    assert lazy_imports(optional, "ccqed_ctrl.memories") == []
    assert len(lazy_imports(optional, "ccqed_ctrl.recalling")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "a = 2 * np.pi", "a = np.pi*2", "a = 2.0 * math.pi * f", "a = f * 2 * pi",
        "a = x / (2 * np.pi)", "a = 6.283185", "a = 6.28", "a = math.tau",
        "from math import tau",
    ],
)  # fmt: skip
def test_two_pi_is_found(source):
    assert two_pi(source) == [1]


@pytest.mark.parametrize(
    "source", ["a = np.pi / 2", "a = 4 * np.pi", "a = TWO_PI * f", "tau = 1.0"]
)
def test_other_angles_pass(source):
    assert two_pi(source) == []
