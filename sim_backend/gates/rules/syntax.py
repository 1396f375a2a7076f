"""Syntax that the kernel language does not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .kernel import Complaint, Kernel

_FORBIDDEN: dict[type[ast.AST], tuple[str, str]] = {
    ast.Dict: ("dict", "kernels have no dictionaries; use lists or attributes"),
    ast.DictComp: ("dict", "kernels have no dictionaries; use lists or attributes"),
    ast.Set: ("set", "kernels have no sets; use a list"),
    ast.SetComp: ("set", "kernels have no sets; use a list"),
    ast.GeneratorExp: ("generator", "use a list comprehension or a loop"),
    ast.JoinedStr: ("f-string", "strings are not made in kernels; do it in an RPC"),
    ast.Yield: ("yield", "kernels cannot be generators; write a loop"),
    ast.YieldFrom: ("yield", "kernels cannot be generators; write a loop"),
    ast.Await: ("async", "kernels are not asynchronous"),
    ast.AsyncFor: ("async", "kernels are not asynchronous"),
    ast.AsyncWith: ("async", "kernels are not asynchronous"),
    ast.Delete: ("del", "nothing can be deleted in a kernel; leave it"),
    ast.Import: ("import", "import at the top of the file"),
    ast.ImportFrom: ("import", "import at the top of the file"),
    ast.Global: ("global", "keep what changes in an attribute"),
    ast.NamedExpr: ("walrus", "assign in a statement of its own"),
    ast.AnnAssign: ("annotated-assignment", "variables take no annotation; drop it"),
    ast.Match: ("match", "use if and elif"),
    ast.TryStar: ("except-group", "use except"),
    ast.Lambda: ("lambda", "define a @portable function at the top of the file"),
    ast.ClassDef: ("class", "define classes outside kernels"),
    ast.Starred: ("starred", "pass and assign each item by itself"),
}


def forbidden(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse syntax that is not in the language at all."""
    for node in kernel.nodes:
        found = _FORBIDDEN.get(type(node))
        if found is not None:
            yield node, *found


def comprehensions(kernel: Kernel) -> Iterator[Complaint]:
    """Allow one `for` without `if`."""
    for node in kernel.all(ast.ListComp):
        if len(node.generators) > 1:
            yield node, "comprehension", "one `for` only; write nested loops"
        if any(clause.ifs for clause in node.generators):
            yield node, "comprehension", "no `if` in comprehensions; write a loop"


def exceptions(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse `except (A, B)` and `raise ... from`."""
    for node in kernel.all(ast.ExceptHandler):
        if isinstance(node.type, ast.Tuple):
            message = "one exception class per except; write one except for each"
            yield node, "except-tuple", message
    for node in kernel.all(ast.Raise):
        if node.cause is not None:
            yield node, "raise-from", "raise without `from`"


def numbers(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse complex numbers and integers beyond 64 bits."""
    for node in kernel.all(ast.Constant):
        if isinstance(node.value, complex):
            yield node, "complex", "use two floats"
        elif isinstance(node.value, int) and node.value >= 2**63:
            yield node, "integer-range", "integers have 64 bits at most"
        elif node.value is ...:
            yield node, "ellipsis", "use pass"


def slices(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse slices of several dimensions at once."""
    for node in kernel.all(ast.Subscript):
        several = isinstance(node.slice, ast.Tuple)
        if several and any(isinstance(item, ast.Slice) for item in node.slice.elts):
            yield node, "slice", "slice one dimension; loop over the others"


def contexts(kernel: Kernel) -> Iterator[Complaint]:
    """Allow a timing block only by itself."""
    blocks = {"parallel", "sequential", "interleave"}
    for node in kernel.all(ast.With):
        named = {getattr(item.context_expr, "id", "") for item in node.items}
        if len(node.items) > 1 and named & blocks:
            yield node, "with", "nest the blocks, one context per `with`"


RULES = (forbidden, comprehensions, exceptions, numbers, slices, contexts)
