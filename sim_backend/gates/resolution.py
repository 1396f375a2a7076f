"""What a name in a file stands for, across the laboratory's own files."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass

from .source import Class, Function, Module, Project

#: ARTIQ's base classes: what an experiment inherits from them is known.
ENVIRONMENTS = frozenset({"HasEnvironment", "EnvExperiment", "Experiment", "object"})


@dataclass(frozen=True)
class External:
    """Something that is not the laboratory's own; `name` is empty for a module."""

    module: str
    name: str = ""


@dataclass(frozen=True)
class Constant:
    """A module-level variable: its assigned expressions, None where not simple."""

    module: Module
    values: tuple[ast.expr | None, ...]


Definition = Function | Class | Module | External | Constant


class Resolver:
    """Answers what names, bases and methods are."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def lookup(self, module: Module, name: str) -> Definition | None:
        """Return what a global name of a module is, None if it is not bound."""
        for table in (module.functions, module.classes):
            if name in table:
                return table[name]
        if name in module.constants:
            return Constant(module, tuple(module.constants[name]))
        if name in module.imports:
            return self._imported(module, *module.imports[name])
        for origin in reversed(module.stars):
            found = self._from_star(module, origin, name)
            if found is not None:
                return found
        return None

    def knows_all(self, module: Module) -> bool:
        """Return whether every name that star imports bring is known."""
        return all(
            self._is_artiq(origin) or self.project.imported(origin, module) is not None
            for origin in module.stars
        )

    def family(self, cls: Class) -> list[Class]:
        """Return a class and its own bases, nearest first."""
        return list(self._family(cls))

    def is_complete(self, cls: Class) -> bool:
        """Return whether everything the class inherits is known."""
        for member in self.family(cls):
            for base in member.node.bases:
                found = self._base(member, base)
                known = isinstance(found, External) and found.name in ENVIRONMENTS
                if not (known or isinstance(found, Class)):
                    return getattr(base, "id", "") == "object"
        return True

    def is_environment(self, cls: Class) -> bool:
        """Return whether a class is one of ARTIQ's environments."""
        found = [self._base(m, b) for m in self.family(cls) for b in m.node.bases]
        return any(isinstance(f, External) and f.name in ENVIRONMENTS for f in found)

    def method(self, cls: Class, name: str) -> Function | None:
        """Return a method, inherited or not."""
        found = (member.functions.get(name) for member in self.family(cls))
        return next((function for function in found if function is not None), None)

    def attribute(self, definition: Definition | None, name: str) -> Definition | None:
        """Return `name` of a module."""
        if isinstance(definition, Module):
            return self.lookup(definition, name)
        if isinstance(definition, External) and not definition.name:
            return External(definition.module, name)
        return None

    def _family(self, cls: Class) -> Iterator[Class]:
        pending, seen = [cls], []
        while pending:
            member = pending.pop(0)
            if member in seen:
                continue
            seen.append(member)
            yield member
            found = [self._base(member, base) for base in member.node.bases]
            pending += [base for base in found if isinstance(base, Class)]

    def _base(self, cls: Class, base: ast.expr) -> Definition | None:
        if isinstance(base, ast.Name):
            return self.lookup(cls.module, base.id)
        if isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
            owner = self.lookup(cls.module, base.value.id)
            return self.attribute(owner, base.attr)
        return None

    def _imported(self, module: Module, origin: str, name: str | None) -> Definition:
        source = self.project.imported(origin, module)
        if name is None:
            return source or External(origin)
        if source is not None and source is not module:
            found = self.lookup(source, name)
            if found is not None:
                return found
        inner = f"{origin}{'' if origin.endswith('.') else '.'}{name}"
        submodule = self.project.imported(inner, module)
        if submodule is not None:
            return submodule
        return External(origin, name)

    def _from_star(self, module: Module, origin: str, name: str) -> Definition | None:
        if self._is_artiq(origin):
            # Not the user's: ARTIQ itself knows what it exports.
            try:
                exported = vars(importlib.import_module(origin))
            except ImportError:
                return None
            return External(origin, name) if name in exported else None
        source = self.project.imported(origin, module)
        return None if source is None else self.lookup(source, name)

    @staticmethod
    def _is_artiq(origin: str) -> bool:
        return origin.split(".")[0] == "artiq"
