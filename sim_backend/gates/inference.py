"""The kinds of expressions, of a kernel's names and of an object's attributes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from .host_code import values_of
from .kinds import (
    BOOL,
    DICT,
    EMPTY,
    FLOAT,
    INT,
    INT32,
    INT64,
    INTEGERS,
    MIXED,
    NONE,
    RANGE,
    SCAN,
    STR,
    ClashError,
    Kind,
    stored,
    together,
)
from .resolution import Constant, External, Resolver
from .source import Class, Function, Module

_UNIT_NAMES = """
ps ns us ms s mHz Hz kHz MHz GHz dB uV mV V kV uA mA A nW uW mW W
"""
_UNITS = frozenset(_UNIT_NAMES.split())
_SCANS = frozenset({"NoScan", "RangeScan", "CenterScan", "ExplicitScan", "Scannable"})
_ANNOTATIONS = {
    "TInt32": INT32, "int32": INT32, "TInt64": INT64, "int64": INT64, "TFloat": FLOAT,
    "float": FLOAT, "TBool": BOOL, "bool": BOOL, "TStr": STR, "str": STR,
    "TNone": NONE, "None": NONE,
}  # fmt: skip
_CALLS = {
    "int64": INT64, "int32": INT32, "float": FLOAT, "bool": BOOL, "int": INT,
    "now_mu": INT64, "len": INT, "round": INT, "str": STR, "range": RANGE,
    "dict": DICT, "isinstance": BOOL,
}  # fmt: skip
_CONSTANTS = {bool: BOOL, int: INT, float: FLOAT, str: STR, type(None): NONE}


Callee = Function | Class | External


@dataclass(frozen=True)
class Instance:
    """An object of a class, by the kinds its constructor was given."""

    cls: Class
    given: tuple[tuple[str, Kind | None], ...] = ()


#: How host code gets a driver; `setattr_device` also makes it an attribute.
_DEVICE_GETTERS = ("get_device", "setattr_device")


@dataclass(eq=False)
class Scope:
    """Where an expression stands: file, object, and kinds of local names."""

    module: Module
    instance: Instance | None = None
    names: dict[str, Kind | None] = field(default_factory=dict)
    clashes: list[tuple[ast.stmt, str, Kind, Kind]] = field(default_factory=list)


class Inference:
    """Infers kinds; everything it cannot tell is None."""

    def __init__(
        self, resolver: Resolver, devices: Mapping[str, str] | None = None
    ) -> None:
        """Take the device database as name to driver class."""
        self.resolver = resolver
        self._devices = devices or {}
        self._busy: set[tuple[Instance, str]] = set()
        self.attribute = lru_cache(maxsize=None)(self._attribute)
        self._scopes: dict[tuple[Function, Instance | None], Scope] = {}

    def kind(self, node: ast.expr | None, scope: Scope) -> Kind | None:
        """Return the kind of an expression."""
        method = getattr(self, f"_of_{type(node).__name__.lower()}", None)
        return None if method is None else method(node, scope)

    def annotated(self, annotation: ast.expr | None) -> Kind | None:
        """Return the kind that an annotation names, None if it is another."""
        if isinstance(annotation, ast.Constant) and annotation.value is None:
            return NONE
        name = getattr(annotation, "attr", getattr(annotation, "id", ""))
        return _ANNOTATIONS.get(name)

    def callee(
        self, node: ast.expr, scope: Scope
    ) -> Function | Class | External | None:
        """Return what a call calls, None if that cannot be told."""
        if isinstance(node, ast.Name):
            if node.id in scope.names:
                return None
            found = self.resolver.lookup(scope.module, node.id)
            return found if isinstance(found, Callee) else None
        if not isinstance(node, ast.Attribute):
            return None
        owner = self.owner(node.value, scope)
        if owner is not None:
            return self.resolver.method(owner.cls, node.attr)
        if isinstance(node.value, ast.Name) and node.value.id not in scope.names:
            module = self.resolver.lookup(scope.module, node.value.id)
            found = self.resolver.attribute(module, node.attr)
            return found if isinstance(found, Callee) else None
        return None

    def owner(self, node: ast.expr, scope: Scope) -> Instance | None:
        """Return the object an expression stands for."""
        if isinstance(node, ast.Name) and node.id == "self":
            return scope.instance
        kind = self.kind(node, scope)
        return kind.of if kind is not None and kind.name == "instance" else None

    # Names of a kernel

    def scope(self, function: Function, instance: Instance | None) -> Scope:
        """Return the scope of a function's body; `clashes` are names of two kinds."""
        if (function, instance) in self._scopes:  # perhaps still being filled
            return self._scopes[function, instance]
        scope = self._scopes[function, instance] = Scope(function.module, instance)
        given: dict[str, Kind | None] = {}
        if instance is not None and function is self._start(instance.cls)[0]:
            given = dict(instance.given)
        for item in [*function.parameters, *function.node.args.kwonlyargs]:
            known = given.get(item.arg)
            scope.names[item.arg] = known or self.annotated(item.annotation)
        for _ in range(2):  # a loop may use what is assigned further down
            scope.clashes.clear()
            for statement in _inner_statements(function.node.body):
                for name, kind in self._assigned(statement, scope):
                    self._bind(statement, name, kind, scope)
        return scope

    @staticmethod
    def _bind(node: ast.stmt, name: str, kind: Kind | None, scope: Scope) -> None:
        before = scope.names.get(name)
        try:
            scope.names[name] = together([before, kind])
        except ClashError:
            if before is not None and kind is not None:
                scope.clashes.append((node, name, before, kind))

    def _assigned(
        self, node: ast.stmt, scope: Scope
    ) -> Iterator[tuple[str, Kind | None]]:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _pairs(target, self.kind(node.value, scope))
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            result = ast.BinOp(_loaded(node.target), node.op, node.value)
            yield node.target.id, self.kind(result, scope)
        elif isinstance(node, ast.For):
            iterated = self.kind(node.iter, scope)
            element = INT if iterated == RANGE else getattr(iterated, "element", None)
            yield from _pairs(node.target, element)
        else:
            yield from ((name, None) for name in _bound_otherwise(node))

    # Attributes of an object

    def _attribute(self, instance: Instance, name: str) -> Kind | None:
        """Return the kind of an attribute when a kernel starts, from host code."""
        if (instance, name) in self._busy:
            return None
        self._busy.add((instance, name))
        try:
            kinds = list(self._host_kinds(instance, name))
            return stored(together(kinds)) if None not in kinds else None
        except ClashError:
            return None
        finally:
            self._busy.discard((instance, name))

    def _host_kinds(self, instance: Instance, name: str) -> Iterator[Kind | None]:
        for cls in self.resolver.family(instance.cls):
            for function in cls.functions.values():
                if function.on_device:
                    continue
                for node in ast.walk(function.node):
                    for value in values_of(node, name):
                        yield self.kind(value, self.scope(function, instance))
            for node in cls.node.body:
                if isinstance(node, ast.Assign) and _names(node.targets, name):
                    yield self.kind(node.value, Scope(cls.module))

    # Expressions

    def _of_constant(self, node: ast.Constant, _scope: Scope) -> Kind | None:
        return _CONSTANTS.get(type(node.value))

    def _of_joinedstr(self, _node: ast.JoinedStr, _scope: Scope) -> Kind:
        return STR

    def _of_name(self, node: ast.Name, scope: Scope) -> Kind | None:
        if node.id == "self" and scope.instance is not None:
            return Kind("instance", of=scope.instance)
        if node.id in scope.names:
            return scope.names[node.id]
        found = self.resolver.lookup(scope.module, node.id)
        if isinstance(found, External):
            artiq = found.module.startswith("artiq.")
            return FLOAT if artiq and found.name in _UNITS else None
        if isinstance(found, Constant) and len(found.values) == 1:
            return self.kind(found.values[0], Scope(found.module))
        return None

    def _of_attribute(self, node: ast.Attribute, scope: Scope) -> Kind | None:
        owner = self.owner(node.value, scope)
        return None if owner is None else self.attribute(owner, node.attr)

    def _of_list(self, node: ast.List, scope: Scope) -> Kind:
        try:
            element = together([self.kind(item, scope) for item in node.elts])
        except ClashError:
            return MIXED
        return EMPTY if not node.elts else Kind("list", (element,))

    def _of_listcomp(self, node: ast.ListComp, scope: Scope) -> Kind:
        inner = Scope(scope.module, scope.instance, dict(scope.names))
        for clause in node.generators:
            iterated = self.kind(clause.iter, inner)
            element = INT if iterated == RANGE else getattr(iterated, "element", None)
            inner.names |= dict(_pairs(clause.target, element))
        return Kind("list", (self.kind(node.elt, inner),))

    def _of_tuple(self, node: ast.Tuple, scope: Scope) -> Kind:
        return Kind("tuple", tuple(self.kind(item, scope) for item in node.elts))

    def _of_dict(self, _node: ast.Dict, _scope: Scope) -> Kind:
        return DICT

    _of_dictcomp = _of_dict

    def _of_compare(self, _node: ast.Compare, _scope: Scope) -> Kind:
        return BOOL

    def _of_unaryop(self, node: ast.UnaryOp, scope: Scope) -> Kind | None:
        return BOOL if isinstance(node.op, ast.Not) else self.kind(node.operand, scope)

    def _of_subscript(self, node: ast.Subscript, scope: Scope) -> Kind | None:
        kind = self.kind(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            return kind
        one = not isinstance(node.slice, ast.Tuple)
        return (
            kind.element if kind is not None and kind.name == "list" and one else None
        )

    def _of_ifexp(self, node: ast.IfExp, scope: Scope) -> Kind | None:
        try:
            return together(
                [self.kind(node.body, scope), self.kind(node.orelse, scope)]
            )
        except ClashError:
            return None

    def _of_binop(self, node: ast.BinOp, scope: Scope) -> Kind | None:
        left, right = self.kind(node.left, scope), self.kind(node.right, scope)
        if left is None or right is None:
            return None
        names = {left.name, right.name}
        if isinstance(node.op, ast.Mult) and "list" in names:
            return left if left.name == "list" else right
        if not names <= INTEGERS | {"float"}:
            return left if left == right else None
        if "float" in names or isinstance(node.op, ast.Div):
            return FLOAT
        return next(Kind(n) for n in ("int64", "int32", "int") if n in names)

    def _of_call(self, node: ast.Call, scope: Scope) -> Kind | None:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in _DEVICE_GETTERS:
            return self._device(node)
        found = self.callee(node.func, scope)
        if isinstance(found, Function):
            return self.result(found)
        if isinstance(found, Class):
            return Kind("instance", of=self._made(found, node, scope))
        is_array = name == "array" and isinstance(found, External)
        if is_array or (name == "array" and found is None):
            return self._array(node, scope)
        if isinstance(found, External) and name in _SCANS:
            return SCAN
        if name == "list" and not node.args and isinstance(node.func, ast.Name):
            return EMPTY
        foreign = isinstance(found, External) or isinstance(node.func, ast.Name)
        return _CALLS.get(name) if foreign else None

    def _device(self, node: ast.Call) -> Kind | None:
        """Return the kind of a driver, by its class in the device database."""
        name = getattr(node.args[0], "value", None) if node.args else None
        driver = self._devices.get(name) if isinstance(name, str) else None
        return None if driver is None else Kind("device", of=driver)

    def result(self, function: Function) -> Kind | None:
        """Return what a call gives in a kernel: for an RPC, what is annotated."""
        if function.on_device or function.node.returns is not None:
            return self.annotated(function.node.returns)
        return NONE if function.role in ("rpc", "host") else None

    def _array(self, node: ast.Call, scope: Scope) -> Kind:
        plain = len(node.args) == 1 and not node.keywords
        listed = self.kind(node.args[0], scope) if plain else None
        element = getattr(listed, "element", None)
        known = element is not None and element.name in ("float", "bool")
        return Kind("array", (element,)) if known else Kind("array")

    def _made(self, cls: Class, node: ast.Call, scope: Scope) -> Instance:
        """Return the object that calling a class makes."""
        start, first = self._start(cls)
        if start is None or any(isinstance(item, ast.Starred) for item in node.args):
            return Instance(cls)
        parameters = [item.arg for item in start.parameters]
        given = dict(zip(parameters, node.args[first:], strict=False))
        given |= {item.arg: item.value for item in node.keywords if item.arg}
        kinds = {name: self.kind(value, scope) for name, value in given.items()}
        return Instance(cls, tuple(sorted(kinds.items(), key=lambda pair: pair[0])))

    def _start(self, cls: Class) -> tuple[Function | None, int]:
        """Return what is called with a new object's arguments, and the first of them.

        An environment's first argument is its parent, the others go to `build`.
        """
        start = self.resolver.method(cls, "__init__")
        if start is None and self.resolver.is_environment(cls):
            return self.resolver.method(cls, "build"), 1
        return start, 0


def _pairs(target: ast.expr, kind: Kind | None) -> Iterator[tuple[str, Kind | None]]:
    """Yield the names an assignment binds and their kinds."""
    if isinstance(target, ast.Name):
        yield target.id, kind
    elif isinstance(target, ast.Tuple | ast.List):
        parts: tuple[Kind | None, ...] = (None,) * len(target.elts)
        if kind is not None and kind.name == "tuple" and len(kind.parts) == len(parts):
            parts = kind.parts
        for item, part in zip(target.elts, parts, strict=True):
            yield from _pairs(item, part)


def _bound_otherwise(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a `with`, an `except` or an inner `def` binds."""
    if isinstance(node, ast.With):
        for item in node.items:
            if item.optional_vars is not None:
                yield from (name for name, _ in _pairs(item.optional_vars, None))
    elif isinstance(node, ast.Try):
        yield from (handler.name for handler in node.handlers if handler.name)
    elif isinstance(node, ast.FunctionDef):
        yield node.name


def _inner_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements in order, those of blocks too, of inner functions not."""
    for node in body:
        yield node
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        for part in ("body", "orelse", "finalbody"):
            yield from _inner_statements(getattr(node, part, []))
        for handler in getattr(node, "handlers", []):
            yield from _inner_statements(handler.body)


def _names(targets: list[ast.expr], name: str) -> bool:
    return any(isinstance(item, ast.Name) and item.id == name for item in targets)


def _loaded(target: ast.Name) -> ast.Name:
    return ast.Name(target.id, ast.Load())
