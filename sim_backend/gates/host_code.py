"""What host code stores in the attributes of its object."""

from __future__ import annotations

import ast
from collections.abc import Iterator

#: Methods that make a list longer: which argument they add, and whether it is one item.
_GROWING = {"append": (0, True), "extend": (0, False), "insert": (1, True)}


def _is_own(node: ast.AST | None, name: str) -> bool:
    if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
        return False
    return node.attr == name and node.value.id == "self"


def values_of(node: ast.AST, name: str) -> Iterator[ast.expr | None]:
    """Yield what a piece of host code stores in `self.name`, None if not told."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if _is_own(target, name):
                yield node.value
            elif isinstance(target, ast.Tuple | ast.List):
                yield from (None for item in target.elts if _is_own(item, name))
    elif isinstance(node, ast.AnnAssign | ast.AugAssign) and _is_own(node.target, name):
        yield node.value if isinstance(node, ast.AnnAssign) else None
    elif isinstance(node, ast.Call):
        yield from _set_by_call(node, name)


def _set_by_call(node: ast.Call, name: str) -> Iterator[ast.expr | None]:
    function = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if function in _GROWING and _is_own(getattr(node.func, "value", None), name):
        yield _added(node, *_GROWING[function])
    first = node.args[0] if node.args else None
    named = isinstance(first, ast.Constant) and first.value == name
    if function == "setattr_argument" and named and len(node.args) > 1:
        yield _argument(node.args[1])
    elif function == "setattr_device" and named:
        yield node
    elif function == "setattr_dataset" and named:
        yield None


def _added(node: ast.Call, position: int, one: bool) -> ast.expr | None:
    """Return a list of what a call adds to a list."""
    if len(node.args) != position + 1:
        return None
    item = node.args[position]
    return ast.List([item], ast.Load()) if one else item


def _argument(processor: ast.expr) -> ast.expr | None:
    """Return an expression of the kind that an argument's value has."""
    if not isinstance(processor, ast.Call):
        return None
    name = getattr(processor.func, "id", "")
    if name == "Scannable":
        return processor
    if name in ("BooleanValue", "StringValue", "EnumerationValue"):
        return ast.Constant(name == "BooleanValue" or "")
    if name != "NumberValue":
        return None
    options = {item.arg: item.value for item in processor.keywords}
    kind = getattr(options.get("type"), "value", None)
    if kind == "int":
        return ast.Constant(0)
    if kind == "float" or "precision" not in options or len(processor.args) > 1:
        return ast.Constant(0.0)
    return None
