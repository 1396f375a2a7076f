"""Which code a study runs: what its results must not be mixed across."""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from ccqed_ctrl.errors import ParameterError


def require_importable(function: Callable[..., Any]) -> None:
    """Refuse functions that another process could not import by name.

    Raises
    ------
    ParameterError
        A lambda, a method, a function inside another, or no function.
    """
    name = getattr(function, "__qualname__", "")
    if not inspect.isfunction(function) or "<" in name or "." in name:
        raise ParameterError(
            f"a study's function must be a plain function of a module; got {function!r}"
        )


@cache
def code_identity(function: Callable[..., Any]) -> str:
    """Return a hash of a function and of what it uses of its own module.

    Followed are functions, classes and constants of the module that its code names,
    and those they name. Comments, docstrings and layout do not count. Code of other
    modules does not either: a study's `version` tells when that has changed.

    Raises
    ------
    ParameterError
        The source is not available.
    """
    module = inspect.getmodule(function)
    try:
        if module is None:
            raise OSError("no module")
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError) as error:
        raise ParameterError(
            f"the source of {function!r} is not available, so its results could not be "
            f"told from those of another version ({error})"
        ) from error
    definitions = _definitions(tree)
    used: dict[str, str] = {}
    pending = [function.__name__]
    while pending:
        name = pending.pop()
        if name in definitions and name not in used:
            node = _without_docstrings(definitions[name])
            used[name] = ast.dump(node)
            pending += [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    return hashlib.sha256(repr(sorted(used.items())).encode()).hexdigest()


def _definitions(tree: ast.Module) -> dict[str, ast.stmt]:
    """Return the statements of a module that define something, by name."""
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            targets = [t for t in node.targets if isinstance(t, ast.Name)]
            found |= {target.id: node for target in targets}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
    return found


def _without_docstrings(node: ast.stmt) -> ast.stmt:
    for part in ast.walk(node):
        if isinstance(part, ast.FunctionDef | ast.ClassDef):
            first = part.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                part.body = part.body[1:] or [ast.Pass()]
    return node
