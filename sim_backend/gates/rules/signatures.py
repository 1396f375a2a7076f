"""What a kernel's first lines may say: decorators, parameters, annotations."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..resolution import External
from .kernel import Complaint, Kernel

_DECORATORS = frozenset({"kernel", "portable", "subkernel", "rpc"})


def decorators(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse other decorators, and qualified ones but the plain `module.kernel`."""
    for node in kernel.node.decorator_list:
        name = node.func if isinstance(node, ast.Call) else node
        qualified = isinstance(name, ast.Attribute)
        last = getattr(name, "attr", getattr(name, "id", ""))
        if last not in _DECORATORS:
            message = f"@{last} cannot stand on a kernel; write a plain method"
            yield node, "decorator", message
        elif qualified and (isinstance(node, ast.Call) or last != "kernel"):
            message = f"import {last} by name and write @{last}"
            yield node, "decorator", message


def parameters(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse parameters that are not ordinary ones."""
    arguments = kernel.node.args
    for item in (arguments.vararg, arguments.kwarg):
        if item is not None:
            message = f"{item.arg!r} is variadic; name each argument, or pass a list"
            yield item, "variadic", message
    if arguments.kwonlyargs and arguments.vararg is None:
        message = "no bare *: the compiler's parser stops there; drop it"
        yield kernel.node, "keyword-only", message
    if arguments.posonlyargs:
        message = "no /: the compiler's parser stops there; drop it"
        yield kernel.node, "positional-only", message


def types(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse annotations that are not ARTIQ's."""
    for item in kernel.function.parameters:
        yield from annotation(kernel, item.annotation)
    yield from annotation(kernel, kernel.node.returns)


def annotation(kernel: Kernel, node: ast.expr | None) -> Iterator[Complaint]:
    """Refuse one annotation that the compiler cannot read."""
    if node is None:
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return  # evaluated by the compiler, unseen here
    for part in ast.walk(node):
        name = getattr(part, "id", getattr(part, "attr", ""))
        if name == "int" and isinstance(part, ast.Name):
            message = "int is ambiguous; use TInt32 or TInt64"
            yield node, "annotation", message
        elif name in ("ndarray", "dict", "set", "complex", "object", "Any", "list"):
            if name == "list" and isinstance(node, ast.Subscript):
                continue
            found = kernel.inference.resolver.lookup(kernel.function.module, name)
            if found is None or isinstance(found, External):
                message = f"{name} is no ARTIQ type; use TArray(...) or TList(...)"
                yield node, "annotation", message


RULES = (decorators, parameters, types)
