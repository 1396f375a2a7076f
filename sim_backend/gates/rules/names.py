"""Names that are bound to nothing the compiler could find."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from .kernel import Complaint, Kernel

#: What the compiler knows without import.
_PRELUDE_NAMES = """
bool int float str bytes bytearray list array range int32 int64 Exception IndexError
ValueError ZeroDivisionError RuntimeError len round abs min max print kernel
subkernel portable rpc parallel interleave sequential delay now_mu delay_mu at_mu
rtio_log core_log subkernel_await subkernel_preload subkernel_send subkernel_recv
"""
PRELUDE = frozenset(_PRELUDE_NAMES.split())
_INSTEAD = {
    "enumerate": "loop over range(len(...))",
    "zip": "loop over range(len(...)) and index both",
    "sum": "add in a loop",
    "any": "test in a loop",
    "all": "test in a loop",
    "map": "write a loop",
    "filter": "write a loop",
    "reversed": "loop over range(len(...)) backwards",
    "sorted": "sort on the host, or in an RPC",
    "isinstance": "decide on the host and keep a bool",
    "type": "decide on the host and keep a bool",
    "getattr": "write the attribute's name",
    "setattr": "write the attribute's name",
    "hasattr": "decide on the host and keep a bool",
    "super": "call the method of the base class by another name",
    "dict": "use lists or attributes",
    "set": "use a list",
    "tuple": "write (a, b)",
    "open": "files belong in an RPC",
    "pow": "write a ** b",
}


def unbound(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse built-in functions that kernels have not, and names of nothing."""
    local = set(kernel.scope.names) | _bound(kernel)
    module = kernel.function.module
    resolver = kernel.inference.resolver
    for node in kernel.all(ast.Name):
        name = node.id
        if name in local or name in PRELUDE:
            continue
        if resolver.lookup(module, name) is not None:
            continue
        if hasattr(builtins, name):
            instead = _INSTEAD.get(name, "do it in an RPC")
            yield node, "builtin", f"kernels have no {name}; {instead}"
        elif resolver.knows_all(module) and not _enclosing(kernel, name):
            yield node, "unbound-name", f"{name!r} is not bound to anything here"


def _bound(kernel: Kernel) -> set[str]:
    """Return what the body binds by itself, comprehensions and inner functions too."""
    stored = {
        node.id
        for node in kernel.all(ast.Name)
        if isinstance(node.ctx, ast.Store | ast.Del)
    }
    inner = {node.arg for node in kernel.all(ast.arg)}
    own = {node.arg for node in ast.walk(kernel.node.args) if isinstance(node, ast.arg)}
    return stored | inner | own


def _enclosing(kernel: Kernel, name: str) -> bool:
    """Return whether the kernel is inside a function that may bind the name."""
    for outer in ast.walk(kernel.function.module.tree):
        if not isinstance(outer, ast.FunctionDef) or outer is kernel.node:
            continue
        inner = list(ast.walk(outer))
        bound = {getattr(part, "id", getattr(part, "arg", "")) for part in inner}
        if name in bound and any(part is kernel.node for part in inner):
            return True
    return False


RULES = (unbound,)
