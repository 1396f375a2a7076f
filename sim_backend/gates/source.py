"""Read experiment files as syntax: classes, functions and imports; nothing is run."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ccqed_ctrl.errors import ExperimentError

#: Decorators that make a function run on the core device.
DEVICE_ROLES = frozenset({"kernel", "portable", "subkernel"})
_ROLES = DEVICE_ROLES | {"rpc", "host_only", "syscall"}

#: Packages that are not the laboratory's own code.
_FOREIGN = frozenset({"artiq", "sipyco", "sim_backend"})
_OWN = "ccqed_ctrl"
_INSTALLED = [
    Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")
]


@dataclass(eq=False)
class Function:
    """A function definition, where it stands, and what its decorator makes of it."""

    node: ast.FunctionDef
    module: Module
    owner: Class | None = None

    @cached_property
    def decorators(self) -> dict[str, ast.expr]:
        """Decorators by the last part of their name."""
        return {_last_name(item): item for item in self.node.decorator_list}

    @cached_property
    def role(self) -> str:
        """kernel, portable, subkernel, rpc, host_only, syscall, or host without any."""
        return next((name for name in self.decorators if name in _ROLES), "host")

    @property
    def on_device(self) -> bool:
        """Whether the core device runs it."""
        return self.role in DEVICE_ROLES

    @cached_property
    def is_async(self) -> bool:
        """Whether it is an RPC whose caller does not wait."""
        rpc = self.decorators.get("rpc")
        return rpc is not None and "'async'" in ast.unparse(rpc)

    @property
    def parameters(self) -> list[ast.arg]:
        """Positional parameters, without `self` where it is bound."""
        arguments = [*self.node.args.posonlyargs, *self.node.args.args]
        return arguments[1:] if self.is_bound else arguments

    @property
    def is_bound(self) -> bool:
        """Whether its first parameter is the instance."""
        return self.owner is not None and "staticmethod" not in self.decorators


@dataclass(eq=False)
class Class:
    """A class definition."""

    node: ast.ClassDef
    module: Module

    @property
    def name(self) -> str:
        """Name of the class."""
        return self.node.name

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Methods defined here, by name."""
        return {
            node.name: Function(node, self.module, self)
            for node in self.node.body
            if isinstance(node, ast.FunctionDef)
        }


@dataclass(eq=False)
class Module:
    """A parsed file and what its top level defines and imports.

    `imports` maps a name to (module, attribute); the attribute is None for a module.
    `stars` are modules whose every name is imported.
    """

    path: Path
    tree: ast.Module
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    constants: dict[str, list[ast.expr | None]] = field(default_factory=dict)
    imports: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for node in _statements(self.tree.body):
            self._define(node)

    def _define(self, node: ast.stmt) -> None:
        if isinstance(node, ast.FunctionDef):
            self.functions[node.name] = Function(node, self)
        elif isinstance(node, ast.ClassDef):
            self.classes[node.name] = Class(node, self)
        elif isinstance(node, ast.Import):
            for item in node.names:
                name = item.asname or item.name.split(".")[0]
                self.imports[name] = (item.name if item.asname else name, None)
        elif isinstance(node, ast.ImportFrom):
            self._import_from(node)
        else:
            self._assign(node)

    def _import_from(self, node: ast.ImportFrom) -> None:
        origin = "." * node.level + (node.module or "")
        for item in node.names:
            if item.name == "*":
                self.stars.append(origin)
            else:
                self.imports[item.asname or item.name] = (origin, item.name)

    def _assign(self, node: ast.stmt) -> None:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        for target in filter(None, targets):
            for part in ast.walk(target):
                if isinstance(part, ast.Name):
                    known = value if part is target else None
                    self.constants.setdefault(part.id, []).append(known)


class Project:
    """The files of a laboratory, read on demand and once."""

    def __init__(self, roots: list[Path]) -> None:
        self._roots = roots
        self.modules: dict[Path, Module] = {}

    def read(self, path: Path) -> Module:
        """Parse a file.

        Raises
        ------
        ExperimentError
            It cannot be read.
        SyntaxError
            It is not Python.
        """
        path = path.resolve()
        if path not in self.modules:
            try:
                text = path.read_bytes()
            except OSError as error:
                message = f"{path} cannot be read: {error.strerror}"
                raise ExperimentError(message) from error
            self.modules[path] = Module(path, ast.parse(text, str(path)))
        return self.modules[path]

    def imported(self, origin: str, beside: Module) -> Module | None:
        """Return an imported module of the laboratory's own, None for any other."""
        path = self._find(origin, beside.path)
        if path is None:
            return None
        try:
            return self.read(path)
        except (ExperimentError, SyntaxError):
            return None

    def _find(self, origin: str, beside: Path) -> Path | None:
        name = origin.lstrip(".")
        parts = [part for part in name.split(".") if part]
        level = len(origin) - len(name)
        if level:
            return _below(beside.parents[level - 1], parts)
        if not parts or parts[0] in _FOREIGN:
            return None
        for root in [beside.parent, *self._roots]:
            found = _below(root, parts)
            if found is not None:
                return found
        return _installed(parts)


def _installed(parts: list[str]) -> Path | None:
    """Find a module of an installed package without importing the package."""
    spec = importlib.util.find_spec(parts[0])
    if spec is None or spec.origin is None:
        return None
    origin = Path(spec.origin)
    third_party = any(origin.is_relative_to(folder) for folder in _INSTALLED)
    if not origin.is_file() or (third_party and parts[0] != _OWN):
        return None
    if spec.submodule_search_locations is None:
        return origin if len(parts) == 1 else None
    return _below(origin.parent.parent, parts)


def _below(folder: Path, parts: list[str]) -> Path | None:
    stem = folder.joinpath(*parts)
    candidates = [stem / "__init__.py"]
    if parts:
        candidates.append(stem.with_name(f"{stem.name}.py"))
    return next((path for path in candidates if path.is_file()), None)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a top level, also those inside `if`, `try`, `with`."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With | ast.For):
            for part in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from _statements(handler.body)


def _last_name(decorator: ast.expr) -> str:
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    return getattr(decorator, "attr", getattr(decorator, "id", ""))
