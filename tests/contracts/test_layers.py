"""The architecture, checked: one arrow, no cycles, pure cores, one 2*pi, small files.

The checkers take sources as text, so that they are tested on bad ones below.
"""

from __future__ import annotations

import ast
import math
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Everything of ours; what is not in the list of a layer is forbidden to it.
OURS = (
    "ccqed_ctrl", "analysis", "sim_backend", "repository", "device_db", "tests",
    "benchmarks",
)  # fmt: skip
ARROWS = {
    "ccqed_ctrl": ("ccqed_ctrl",),
    "analysis": ("analysis", "ccqed_ctrl", "sim_backend.laboratory.physics"),
    "repository": ("analysis", "ccqed_ctrl"),
    "sim_backend": ("sim_backend", "ccqed_ctrl"),
    "device_db": ("sim_backend.ddb",),
}
#: Modules without artiq, files, clock, log or network, and all they may import.
FOUNDATION = tuple(
    f"ccqed_ctrl.{name}"
    for name in ("checks", "errors", "limits", "params", "rng", "units")
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
    "functools", "itertools", "math", "numba", "numpy", "scipy", "typing", "zlib",
)  # fmt: skip
#: Imports within functions: optional extras only, each by name.
LAZY = {
    ("ccqed_ctrl.memories", "sklearn.datasets"),
    ("analysis.campaign.cluster", "distributed"),
}
LONGEST, LONGEST_EXPERIMENT = 400, 150


# Reading sources -----------------------------------------------------------------


def module_name(path: Path) -> str:
    """Return the dotted name of a file; the stand-in for artiq is a part of ours."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> dict[str, str]:
    files = [ROOT / "device_db.py"]
    for layer in ARROWS:
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
    allowed = next(ARROWS[layer] for layer in ARROWS if within(module, layer))
    return [
        f"{module} imports {name}"
        for name in imports(source, module, is_package)
        if within(name, *OURS) and not within(name, *allowed)
    ]


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


def cycle(modules: dict[str, str], packages: frozenset[str] = frozenset()) -> list[str]:
    """Return modules that import each other in a circle, empty without one."""
    graph = {}
    for module, source in modules.items():
        graph[module] = set()
        for name in imports(source, module, module in packages):
            # `from package import name`: the module of that name, or the package.
            for target in (name, name.rpartition(".")[0]):
                if target in modules:
                    graph[module].add(target)
                    break
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


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
    for layer in ARROWS
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


def test_no_module_imports_itself_round_a_corner():
    assert cycle(SOURCES, PACKAGES) == []


def test_units_do_write_it():
    assert len(two_pi(SOURCES["ccqed_ctrl.units"])) == 1


# The checkers --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ccqed_ctrl.schema", "import sim_backend"),
        ("ccqed_ctrl.schema", "from analysis.decode import Decoder"),
        ("ccqed_ctrl.model.plan", "from ... import analysis"),
        ("analysis.decode", "from sim_backend.laboratory.plant import Plant"),
        ("analysis.decode", "from sim_backend.laboratory import plant"),
        ("analysis.decode", "from repository import recall"),
        ("repository.recall", "import sim_backend.laboratory.physics.cavity"),
        ("sim_backend.laboratory.plant", "def f():\n    from analysis import decode"),
        ("sim_backend.laboratory.plant", "import tests.laboratory.bench"),
        ("device_db", "import ccqed_ctrl"),
        ("device_db", "from sim_backend.laboratory.plant import Plant"),
    ],
)
def test_a_wrong_arrow_is_found(module, source):
    assert len(wrong_arrows(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ccqed_ctrl.schema", "from . import checks\nimport analysis_tools"),
        ("analysis.decode", "from sim_backend.laboratory.physics import cavity"),
        ("sim_backend.laboratory.plant", "from ccqed_ctrl.model.plan import corrupt"),
        ("device_db", "from sim_backend.ddb import simulate"),
    ],
)
def test_a_right_arrow_passes(module, source):
    assert wrong_arrows(source, module) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ccqed_ctrl.model.plan", "import h5py"),
        ("ccqed_ctrl.model.plan", "from artiq.experiment import kernel"),
        ("ccqed_ctrl.model.plan", "import time"),
        ("ccqed_ctrl.model.plan", "from pathlib import Path"),
        ("ccqed_ctrl.model.plan", "import logging"),
        ("ccqed_ctrl.model.plan", "from .. import schema"),
        ("sim_backend.laboratory.physics.ramp", "from ..plant import Plant"),
        (
            "sim_backend.laboratory.physics.ramp",
            "from ccqed_ctrl.recall import plan_recall",
        ),
        ("sim_backend.laboratory.physics.ramp", "x = open('a').read()"),
        ("ccqed_ctrl.params", "from .model import plan"),
    ],
)
def test_an_impurity_is_found(module, source):
    assert len(impurities(source, module)) == 1


def test_the_others_may_be_impure():
    assert impurities("import h5py", "analysis.records") == []


def test_a_lazy_import_is_found():
    source = "import numpy\n\nclass A:\n    def f(self):\n        import h5py\n"
    assert lazy_imports(source, "analysis.x") == ["analysis.x.f imports h5py"]
    optional = "def f():\n    from sklearn.datasets import load_digits"
    assert lazy_imports(optional, "ccqed_ctrl.memories") == []
    assert len(lazy_imports(optional, "ccqed_ctrl.recall")) == 1


def test_a_cycle_is_found():
    bad = {"p": "from . import a", "p.a": "from .b import x", "p.b": "import p.a"}
    assert set(cycle(bad, frozenset({"p"}))) == {"p.a", "p.b"}
    good = bad | {"p.b": "import math"}
    assert cycle(good, frozenset({"p"})) == []
    # A package that re-exports is not in a circle with what it re-exports.
    assert cycle({"p": "from .a import x", "p.a": "from . import b", "p.b": ""},
                 frozenset({"p"})) == []  # fmt: skip


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
