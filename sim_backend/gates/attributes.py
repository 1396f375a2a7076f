"""Which attributes an object has when its kernels start, and which never change."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from artiq.language.environment import EnvExperiment

from .resolution import Resolver
from .source import Class, Function

_SETTERS = frozenset({"setattr_argument", "setattr_device", "setattr_dataset"})


def names(resolver: Resolver, cls: Class) -> set[str]:
    """Return every attribute that the class's own code gives its objects."""
    found = {"kernel_invariants"} | _assigned_elsewhere(resolver)
    for member in resolver.family(cls):
        found |= set(member.functions)
        found |= set(_class_level(member))
        for node in ast.walk(member.node):
            found |= set(_stored(node))
    if resolver.is_environment(cls):
        found |= set(dir(EnvExperiment)) | {"children"}
    return found - _stored_by_kernels_only(resolver, cls)


def are_known(resolver: Resolver, cls: Class) -> bool:
    """Return whether `names` is complete: nobody else gives the object attributes."""
    if not resolver.is_complete(cls) or _has_heirs(resolver, cls):
        return False
    for member in resolver.family(cls):
        if member.node.decorator_list or member.node.keywords:
            return False
        if {"__getattr__", "__getattribute__"} & set(member.functions):
            return False
        for function in member.functions.values():
            if _gives_itself_away(resolver, function) or _sets_by_a_made_name(function):
                return False
    return True


def invariants(resolver: Resolver, cls: Class) -> set[str]:
    """Return the attributes that are declared never to change in a kernel."""
    found = set()
    for member in resolver.family(cls):
        for node in ast.walk(member.node):
            statement = isinstance(node, ast.Assign | ast.AugAssign | ast.Expr)
            if statement and "kernel_invariants" in ast.unparse(node):
                found |= _texts(node)
            name = _setter(node, _SETTERS - {"setattr_dataset"})
            found |= set() if name is None else {name}
    return found


def _class_level(cls: Class) -> Iterator[str]:
    for node in cls.node.body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        yield from (item.id for item in targets if isinstance(item, ast.Name))


def _stored(node: ast.AST) -> Iterator[str]:
    if _is_stored(node) and getattr(node.value, "id", "") == "self":
        yield node.attr
    name = _setter(node)
    if name is not None:
        yield name


def _is_stored(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)


def _setter(node: ast.AST, setters: frozenset[str] = _SETTERS) -> str | None:
    """Return the name in `self.setattr_device("name")` and its like."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return None
    if node.func.attr not in setters or not node.args:
        return None
    name = getattr(node.args[0], "value", None)
    return name if isinstance(name, str) else None


def _stored_by_kernels_only(resolver: Resolver, cls: Class) -> set[str]:
    host, device = set(_assigned_elsewhere(resolver)), set()
    for member in resolver.family(cls):
        host |= set(_class_level(member)) | set(member.functions)
        for function in member.functions.values():
            stored = {n for node in ast.walk(function.node) for n in _stored(node)}
            if function.on_device:
                device |= stored
            else:
                host |= stored
    return device - host


def _assigned_elsewhere(resolver: Resolver) -> set[str]:
    """Return the attributes that any file read so far gives to other objects."""
    return {
        node.attr
        for module in resolver.project.modules.values()
        for node in ast.walk(module.tree)
        if _is_stored(node) and getattr(node.value, "id", "") != "self"
    }


def _has_heirs(resolver: Resolver, cls: Class) -> bool:
    return any(
        cls in resolver.family(other) and other is not cls
        for module in list(resolver.project.modules.values())
        for other in module.classes.values()
    )


def _gives_itself_away(resolver: Resolver, function: Function) -> bool:
    """Return whether a host method hands `self` to code that may add attributes."""
    if function.on_device:
        return False
    for node in ast.walk(function.node):
        if not isinstance(node, ast.Call):
            continue
        given = [*node.args, *(item.value for item in node.keywords)]
        if not any(getattr(item, "id", "") == "self" for item in given):
            continue
        name = getattr(node.func, "id", "")
        if not isinstance(resolver.lookup(function.module, name), Class):
            return True
    return False


def _sets_by_a_made_name(function: Function) -> bool:
    """Return whether a `setattr_device` or its like has a name that is no literal."""
    return any(
        isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") in _SETTERS
        and _setter(node) is None
        for node in ast.walk(function.node)
    )


def _texts(node: ast.AST) -> set[str]:
    return {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
