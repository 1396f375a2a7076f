"""Objects of the host as a kernel sees them: attributes, invariants, instances."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .. import attributes
from ..inference import Instance
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
    instance = kernel.scope.instance
    if instance is None:
        return
    inference = kernel.inference
    made = _made(kernel, instance)
    for cls, objects in made.items():
        for name in sorted(_used(cls)):
            kinds = {inference.attribute(item, name) for item in objects} - {None}
            if len(kinds) > 1:
                found = " and ".join(sorted(map(str, kinds)))
                message = (
                    f"the {cls.name} objects here have {name} of type {found}; "
                    "one class, one type: write 1.0 for 1, or derive a class"
                )
                yield kernel.node, "unlike-instances", message


def _made(kernel: Kernel, instance: Instance) -> dict[Class, set[Instance]]:
    """Return the objects in attributes that the kernel mentions, by class."""
    made: dict[Class, set[Instance]] = {}
    for node in kernel.all(ast.Attribute):
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            kind = kernel.inference.attribute(instance, node.attr)
            if kind is not None and kind.name == "instance":
                made.setdefault(kind.of.cls, set()).add(kind.of)
    return made


def _used(cls: Class) -> set[str]:
    """Return the attributes that a class's own kernels read."""
    return {
        node.attr
        for function in cls.functions.values()
        if function.on_device
        for node in ast.walk(function.node)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


RULES = (missing, invariants, unlike_instances)
