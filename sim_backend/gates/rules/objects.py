"""Objects of the host as a kernel sees them: attributes, invariants, instances."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .. import attributes
from ..inference import Instance
from ..kinds import ClashError, together
from ..source import Class
from .kernel import Complaint, Kernel


def missing(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse an attribute that nothing gives the object."""
    instance = kernel.scope.instance
    resolver = kernel.inference.resolver
    if instance is None or not attributes.are_known(resolver, instance.cls):
        return
    known = attributes.names(resolver, instance.cls)
    for node in kernel.all(ast.Attribute):
        own = isinstance(node.value, ast.Name) and node.value.id == "self"
        if own and node.attr not in known:
            message = f"nothing gives self.{node.attr} a value; set it in build()"
            yield node, "missing-attribute", message


def invariants(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse to write what is declared a kernel invariant."""
    instance = kernel.scope.instance
    if instance is None:
        return
    declared = attributes.invariants(kernel.inference.resolver, instance.cls)
    for node in kernel.all(ast.Attribute):
        own = isinstance(node.value, ast.Name) and node.value.id == "self"
        if own and isinstance(node.ctx, ast.Store) and node.attr in declared:
            message = f"self.{node.attr} is a kernel invariant; take it off the list"
            yield node, "invariant", message


def unlike_instances(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse objects of one class whose attributes differ in type."""
    found = _unlike(kernel.tree())
    if not found:
        return
    for function, owner in kernel.called():  # where a callee has it, it is told there
        scope = kernel.inference.scope(function, owner)
        callee = Kernel(function, scope, kernel.inference)
        found = {
            key: kinds
            for key, kinds in found.items()
            if key not in _unlike(callee.tree())
        }
    for (cls, name), kinds in found.items():
        message = (
            f"the {cls.name} objects here have {name} of type {kinds}; "
            "one class, one type: write 1.0 for 1, or derive a class"
        )
        yield kernel.node, "unlike-instances", message


def _unlike(kernels: list[Kernel]) -> dict[tuple[Class, str], str]:
    """Return the attributes that are read and differ between objects of a class."""
    objects: dict[Class, set[Instance]] = {}
    read: set[tuple[Class, str]] = set()
    for kernel in kernels:
        for node in kernel.all(ast.Attribute, ast.Name):
            kind = kernel.kind(node)
            for item in () if kind is None else kind.objects:
                objects.setdefault(item.cls, set()).add(item)
            if isinstance(node, ast.Attribute):
                owner = kernel.inference.owner(node.value, kernel.scope)
                read |= set() if owner is None else {(owner.cls, node.attr)}
    return {
        (cls, name): kinds
        for cls, name in sorted(read, key=lambda key: (key[0].name, key[1]))
        if (kinds := _differing(kernels[0], objects.get(cls, set()), name))
    }


def _differing(kernel: Kernel, objects: set[Instance], name: str) -> str:
    """Return the kinds of an attribute that cannot be one, empty if they can."""
    kinds = {kernel.inference.attribute(item, name) for item in objects} - {None}
    try:
        together(list(kinds))
    except ClashError:
        return " and ".join(sorted(map(str, kinds)))
    return ""


RULES = (missing, invariants, unlike_instances)
