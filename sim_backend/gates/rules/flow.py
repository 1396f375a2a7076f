"""What every path through a kernel must do: bind its names, return its value."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..kinds import ClashError, together
from .kernel import Complaint, Kernel

#: The names bound on the way here; None where no path leads.
_Bound = set[str] | None


def unset(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse a name that some path leaves without value."""
    arguments = ast.walk(kernel.node.args)
    given = {item.arg for item in arguments if isinstance(item, ast.arg)}
    walk = _Paths(set(kernel.scope.names))
    walk.block(kernel.node.body, given)
    for node in walk.unset:
        message = f"{node.id!r} has no value on some path; give it one before"
        yield node, "unset", message


def returns(kernel: Kernel) -> Iterator[Complaint]:
    """Want one type of result on every path, and one that outlives the kernel."""
    found = [node for node in _own(kernel.node) if isinstance(node, ast.Return)]
    values = [node for node in found if node.value is not None]
    for node in values:
        if _is_made_here(kernel, node.value):
            message = "a list made in a kernel dies with it; fill one passed in"
            yield node, "return-list", message
    try:
        together([kernel.kind(node.value) for node in values])
    except ClashError:
        message = "the results differ in type; return one type"
        yield values[-1], "return-type", message
    ends = _Paths(set()).block(kernel.node.body, set()) is not None
    if values and (ends or len(values) < len(found)):
        message = "some paths return a value and some do not; return on all"
        yield values[0], "return-missing", message


def kept_lists(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse a list made in a kernel that goes into an attribute."""
    for node in kernel.all(ast.Assign):
        kept = any(isinstance(item, ast.Attribute) for item in node.targets)
        if kept and _is_made_here(kernel, node.value):
            message = "a list made in a kernel dies with it; write item by item"
            yield node, "kept-list", message


class _Paths:
    """Follows the names bound along every path."""

    def __init__(self, local: set[str]) -> None:
        self._local = local
        self.unset: list[ast.Name] = []

    def block(self, body: list[ast.stmt], bound: _Bound) -> _Bound:
        """Return what is bound after a block."""
        for node in body:
            if bound is None:
                return None
            visit = getattr(self, f"_{type(node).__name__.lower()}", self._simple)
            bound = visit(node, set(bound))
        return bound

    def _read(self, node: ast.AST | None, bound: set[str]) -> None:
        inner = {part.arg for part in _parts(node) if isinstance(part, ast.arg)}
        for part in _parts(node):
            if isinstance(part, ast.comprehension):
                inner |= _stored(part.target)
        for part in _parts(node):
            if not (isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)):
                continue
            if part.id in self._local - bound - inner:
                self.unset.append(part)

    def _simple(self, node: ast.stmt, bound: set[str]) -> _Bound:
        self._read(node, bound)
        if isinstance(node, ast.AugAssign):
            self._read(_as_load(node.target), bound)
        return bound | _stored(node)

    def _return(self, node: ast.Return, bound: set[str]) -> _Bound:
        self._read(node, bound)
        return None

    _raise = _break = _continue = _return

    def _functiondef(self, node: ast.FunctionDef, bound: set[str]) -> _Bound:
        return bound | {node.name}

    def _if(self, node: ast.If, bound: set[str]) -> _Bound:
        self._read(node.test, bound)
        return _both(self.block(node.body, bound), self.block(node.orelse, bound))

    def _for(self, node: ast.For, bound: set[str]) -> _Bound:
        self._read(node.iter, bound)
        self.block(node.body, bound | _stored(node.target))
        after = self.block(node.orelse, bound)
        return bound if after is None else after

    def _while(self, node: ast.While, bound: set[str]) -> _Bound:
        self._read(node.test, bound)
        self.block(node.body, bound)
        after = self.block(node.orelse, bound)
        return bound if after is None else after

    def _with(self, node: ast.With, bound: set[str]) -> _Bound:
        for item in node.items:
            self._read(item.context_expr, bound)
            if item.optional_vars is not None:
                bound = bound | _stored(item.optional_vars)
        return self.block(node.body, bound)

    def _try(self, node: ast.Try, bound: set[str]) -> _Bound:
        after = self.block(node.orelse, self.block(node.body, bound))
        for handler in node.handlers:
            caught = bound | ({handler.name} if handler.name else set())
            after = _both(after, self.block(handler.body, caught))
        final = self.block(node.finalbody, bound)
        if after is None or final is None:
            return None
        return after | final


def _both(first: _Bound, second: _Bound) -> _Bound:
    if first is None or second is None:
        return second if first is None else first
    return first & second


def _parts(node: ast.AST | None) -> list[ast.AST]:
    return [] if node is None else list(ast.walk(node))


def _stored(node: ast.AST) -> set[str]:
    return {
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def _as_load(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target


def _own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield the nodes of a body without those of inner functions."""
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            continue
        yield node
        pending += ast.iter_child_nodes(node)


def _is_made_here(kernel: Kernel, node: ast.expr | None) -> bool:
    """Return whether a value is a list or array that the kernel itself makes."""
    if isinstance(node, ast.List | ast.ListComp):
        return True
    if isinstance(node, ast.BinOp):
        return _is_made_here(kernel, node.left) or _is_made_here(kernel, node.right)
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return name in ("array", "full", "zeros", "ones") or (
            name == "list" and isinstance(node.func, ast.Name)
        )
    if isinstance(node, ast.Name):
        assigned = [
            item.value
            for item in kernel.all(ast.Assign)
            if any(getattr(target, "id", None) == node.id for target in item.targets)
        ]
        return any(
            not isinstance(value, ast.Name) and _is_made_here(kernel, value)
            for value in assigned
        )
    return False


RULES = (unset, returns, kept_lists)
