"""The syntax tree of a kernel, changed to say in Python what it means compiled."""

from __future__ import annotations

import ast

from .semantics import ARITHMETIC

#: Names the rewritten code uses; the trailing underscores keep classes from mangling.
CALL, SEQUENTIAL, INTERLEAVE, ROUND = (
    f"__ccqed_{name}__" for name in ("call", "sequential", "interleave", "round")
)

#: Calls that need no look: the compiler's own functions and Python's classes.
_PLAIN = {
    *("delay", "delay_mu", "now_mu", "at_mu", "range", "len", "int", "float", "bool"),
    *("str", "list", "abs", "min", "max", "int32", "int64", "super", "isinstance"),
}


class Rewriter(ast.NodeTransformer):
    """Rewrites one function definition; functions inside are rewritten with it."""

    def visit_With(self, node: ast.With) -> ast.With:
        """Make the branches of a parallel block sequential in themselves."""
        self.generic_visit(node)
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

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Give integer arithmetic the width and the division of the core device."""
        self.generic_visit(node)
        if type(node.op) not in ARITHMETIC:
            return node
        name = ARITHMETIC[type(node.op)][0]
        return _call(name, [node.left, node.right], node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
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
