"""The syntax tree of a kernel, changed to say in Python what it means compiled."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from .semantics import ARITHMETIC

#: Names the rewritten code uses; the trailing underscores keep classes from mangling.
CALL, CONTEXT, SEQUENTIAL, INTERLEAVE, ROUND, RAISE, WIDE = (
    f"__ccqed_{name}__"
    for name in "call context sequential interleave round raise wide".split()  # noqa: SIM905
)

#: Blocks of the timeline.
_BLOCKS = {"sequential", "parallel", "interleave"}

#: Calls that need no look: the compiler's own functions and Python's classes.
_PLAIN = {
    *("delay", "delay_mu", "now_mu", "at_mu", "range", "len", "int", "float", "bool"),
    *("str", "list", "abs", "min", "max", "int64", "super", "isinstance"),
}


class Rewriter(ast.NodeTransformer):
    """Rewrites one function definition; functions inside are rewritten with it.

    Parameters
    ----------
    wide
        Parameters that are annotated as 64-bit integers; ``return`` for the result.
    """

    def __init__(self, wide: Iterable[str] = ()) -> None:
        self._own = set(wide)
        self._wide: set[str] | None = None

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Give annotated parameters their width."""
        outer = self._wide
        self._wide = wide = self._own if outer is None else set()
        self.generic_visit(node)
        self._wide = outer
        start = node.body[0]
        node.body[:0] = [_widened(name, start) for name in sorted(wide - {"return"})]
        return node

    def visit_Return(self, node: ast.Return) -> ast.Return:
        """Give an annotated result its width."""
        self.generic_visit(node)
        if node.value is not None and "return" in (self._wide or ()):
            node.value = _call(WIDE, [node.value], node.value)
        return node

    def visit_With(self, node: ast.With) -> ast.With:
        """Make the branches of a parallel block sequential in themselves."""
        self.generic_visit(node)
        for item in node.items:
            manager = item.context_expr
            if not isinstance(manager, ast.Name) or manager.id not in _BLOCKS:
                item.context_expr = _call(CONTEXT, [manager], manager)
        kind = node.items[0].context_expr
        if isinstance(kind, ast.Name) and kind.id in {"parallel", "interleave"}:
            node.body = [_in_sequence(statement) for statement in node.body]
            if kind.id == "interleave":
                kind.id = INTERLEAVE
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Let the core device see what is called."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name):
            if node.func.id == "round" and len(node.args) == 1 and not node.keywords:
                node.func.id = ROUND
                return node
            if node.func.id in _PLAIN:
                return node
        node.func = _call(CALL, [node.func], node.func)
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        """Make exceptions as a kernel does."""
        self.generic_visit(node)
        if node.exc is not None and not isinstance(node.exc, ast.Call):
            node.exc = _call(RAISE, [node.exc], node.exc)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        """Let a handler of everything not catch what ends the kernel."""
        self.generic_visit(node)
        if node.type is None:
            node.type = ast.copy_location(ast.Name("Exception", ast.Load()), node)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Give integer arithmetic the width and the division of the core device."""
        self.generic_visit(node)
        if type(node.op) not in ARITHMETIC:
            return node
        name = ARITHMETIC[type(node.op)][0]
        return _call(name, [node.left, node.right], node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Do the same for `x += y`, where evaluating the target twice is harmless."""
        if type(node.op) not in ARITHMETIC or _has_call(node.target):
            return self.generic_visit(node)
        load = ast.copy_location(_loaded(node.target), node.target)
        value = self.visit(node.value)
        name = in_place(ARITHMETIC[type(node.op)][0])
        assign = ast.Assign([node.target], _call(name, [load, value], node))
        return ast.copy_location(assign, node)


def in_place(name: str) -> str:
    """Return the name of an operation's in-place form."""
    return f"__i{name[2:]}"


def _widened(name: str, where: ast.AST) -> ast.Assign:
    value = _call(WIDE, [ast.copy_location(ast.Name(name, ast.Load()), where)], where)
    target = ast.copy_location(ast.Name(name, ast.Store()), where)
    return ast.copy_location(ast.Assign([target], value), where)


def _in_sequence(statement: ast.stmt) -> ast.With:
    context = ast.Name(SEQUENTIAL, ast.Load())
    block = ast.With([ast.withitem(context)], [statement])
    ast.copy_location(context, statement)
    return ast.copy_location(block, statement)


def _call(name: str, arguments: list[ast.expr], where: ast.AST) -> ast.Call:
    function = ast.copy_location(ast.Name(name, ast.Load()), where)
    return ast.copy_location(ast.Call(function, arguments, []), where)


def _has_call(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Call) for part in ast.walk(node))


def _loaded(target: ast.expr) -> ast.expr:
    """Return a copy of an assignment target that reads it instead."""
    copy = ast.parse(ast.unparse(target), mode="eval").body
    for part in ast.walk(copy):
        ast.copy_location(part, target)
    return copy
