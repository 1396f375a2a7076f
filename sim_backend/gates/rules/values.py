"""Values that have no type on the core device, or two."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..kinds import (
    EMPTY,
    INT,
    INT32,
    INT64,
    INTEGERS,
    MIXED,
    ClashError,
    together,
    unify,
)
from ..source import Function
from .kernel import Complaint, Kernel

_REBINDING = "give the second value a name of its own"
_WIDE = "int64(...) around it, or keep it as np.int64"


def rebinding(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse a name that is bound to values of two types."""
    for node, name, before, after in kernel.scope.clashes:
        instead = _WIDE if {before.name, after.name} <= INTEGERS else _REBINDING
        message = f"{name!r} is {before} and {after}; {instead}"
        yield node, "rebinding", message


def attribute_types(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse an attribute that a kernel gives another type than the host did."""
    for node in kernel.all(ast.Assign, ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        value: ast.expr = node.value
        if isinstance(node, ast.AugAssign):
            value = ast.BinOp(node.target, node.op, node.value)
        for target in targets:
            if not isinstance(target, ast.Attribute):
                continue
            before, after = kernel.kind(target), kernel.kind(value)
            try:
                unify(before, after)
            except ClashError:
                wide = after == INT64 and before in (INT32, INT)
                instead = "np.int64(0)" if wide else "a value of that type"
                name = ast.unparse(target)
                message = (
                    f"{name} is {before} when the kernel starts and becomes {after}; "
                    f"start it as {instead}"
                )
                yield node, "attribute-type", message


def lists(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse lists of nothing and of several types."""
    typed = set(_typed_by_others(kernel))
    for node in kernel.all(ast.List):
        empty = _is_empty(node) and isinstance(node.ctx, ast.Load)
        if empty and node not in typed:
            message = "an empty list has no type; write [0.0] * n, or fill it before"
            yield node, "empty-list", message
        try:
            together([kernel.kind(item) for item in node.elts])
        except ClashError:
            message = "one type per list; write 1.0 for 1, or use two lists"
            yield node, "mixed-list", message


def _typed_by_others(kernel: Kernel) -> Iterator[ast.expr]:
    """Yield the empty lists whose type follows from where they stand."""
    placed = list(_beside_others(kernel))
    yield from placed
    names = {node.id for node in placed if isinstance(node, ast.Name)}
    for node in kernel.all(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Attribute):
                yield node.value
            elif isinstance(target, ast.Name):
                known = kernel.kind(target) not in (EMPTY, None)
                if known or target.id in names:
                    yield node.value


def _beside_others(kernel: Kernel) -> Iterator[ast.expr]:
    """Yield what must be of the type of something else that is no empty list."""
    for node in kernel.all(
        ast.Compare, ast.BinOp, ast.IfExp, ast.BoolOp, ast.List, ast.Call
    ):
        alike: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            alike = [node.left, *node.comparators]
        elif isinstance(node, ast.BinOp):
            alike = [node.left, node.right]
        elif isinstance(node, ast.IfExp):
            alike = [node.body, node.orelse]
        elif isinstance(node, ast.BoolOp):
            alike = node.values
        elif isinstance(node, ast.List):
            alike = node.elts
        elif _gives_types(kernel, node.func):
            yield from (*node.args, *(item.value for item in node.keywords))
        if not all(map(_is_empty, alike)):
            yield from alike


def _gives_types(kernel: Kernel, function: ast.expr) -> bool:
    """Return whether what is called may give its arguments a type."""
    found = kernel.inference.callee(function, kernel.scope)
    if isinstance(found, Function):
        return found.on_device
    return isinstance(function, ast.Attribute)


def _is_empty(node: ast.expr) -> bool:
    return isinstance(node, ast.List) and not node.elts


def host_values(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse attributes and globals whose values the compiler cannot take over."""
    seen = set()
    for node in kernel.all(ast.Attribute, ast.Name):
        kind = kernel.kind(node) if isinstance(node.ctx, ast.Load) else None
        text = ast.unparse(node)
        if kind is None or text in seen or _is_local(kernel, node):
            continue
        seen.add(text)
        if kind.name == "dict":
            message = f"{text} is a dictionary; give kernels lists or single values"
            yield node, "dict", message
        elif kind == EMPTY:
            message = f"{text} is an empty list, of no type; put something in before"
            yield node, "empty-list", message
        elif kind == MIXED:
            message = f"{text} mixes types; one type per list"
            yield node, "mixed-list", message


def iteration(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse loops over what only the host can iterate."""
    for node in kernel.all(ast.For, ast.comprehension):
        kind = kernel.kind(node.iter)
        if kind is None:
            continue
        if kind.name == "tuple":
            yield node.iter, "iteration", "a tuple cannot be iterated; write a list"
        elif kind.name == "scan":
            message = "a scan cannot be iterated in a kernel; use its .sequence"
            yield node.iter, "iteration", message
        elif kind.name in ("str", "dict", "int", "float", "none"):
            yield node.iter, "iteration", f"{kind} cannot be iterated"


def conditions(kernel: Kernel) -> Iterator[Complaint]:
    """Want a bool in `x if c else y` and in `and`, `or`."""
    for node in kernel.all(ast.IfExp):
        kind = kernel.kind(node.test)
        if kind is not None and kind.name != "bool":
            message = f"the condition is {kind}; compare it, as in n != 0"
            yield node, "condition", message
        yield from _alike(kernel, node, [node.body, node.orelse])
    for node in kernel.all(ast.BoolOp):
        yield from _alike(kernel, node, node.values)


def strings(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse formatting."""
    for node in kernel.all(ast.BinOp):
        kind = kernel.kind(node.left)
        if isinstance(node.op, ast.Mod) and kind is not None and kind.name == "str":
            message = "strings are not formatted in kernels; do it in an RPC"
            yield node, "string", message


def _alike(
    kernel: Kernel, node: ast.expr, values: list[ast.expr]
) -> Iterator[Complaint]:
    kinds = [kernel.kind(value) for value in values]
    try:
        together(kinds)
    except ClashError:
        found = ", ".join(str(kind) for kind in kinds)
        yield node, "condition", f"the operands must be alike; they are {found}"


def _is_local(kernel: Kernel, node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in kernel.scope.names


RULES = (
    rebinding,
    attribute_types,
    lists,
    host_values,
    iteration,
    conditions,
    strings,
)
