"""What `with interleave` can order in time: delays, and one call that takes time.

The compiler would have to merge a call into the other branches, and ARTIQ-9's cannot:
the call must find them over. So the verdicts of tests/contracts.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from artiq.language import units

from ..inference import Inference, Scope
from ..resolution import Constant, External
from ..source import Function
from .kernel import Complaint, Kernel

#: Machine units in a second; with another clock, delays and delays_mu are not compared.
_MU = 10**9
#: Methods of TTLs whose first argument is how long they take.
_LASTING = ("pulse", "gate_")
#: Methods of other drivers that last as long as only the running kernel can tell.
_UNTOLD = {
    "ad9910.AD9910": {"set_mu"},
    "zotino.Zotino": {"set_dac", "set_dac_mu", "write_dac", "load"},
    "ad53xx.AD53xx": {"set_dac", "set_dac_mu", "write_dac", "load"},
    "urukul.CPLD": {"set_att", "set_att_mu"},
}
_BLOCKS = ("interleave", "parallel", "sequential")
_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda left, right: Fraction(left // right),
}


class _RefusedError(Exception):
    """The compiler cannot tell how long a statement takes: (node, message)."""


@dataclass(frozen=True)
class _Step:
    """A stretch of a branch: a delay in mu, None where unknown, or a call."""

    node: ast.AST
    mu: Fraction | None = None
    is_call: bool = False


def interleaved(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse what cannot be interleaved."""
    for block in kernel.all(ast.With):
        if _block(block) != "interleave":
            continue
        reader = _Reader(kernel.inference, kernel.scope, frozenset())
        try:
            branches = [list(reader.steps(node)) for node in block.body]
        except _RefusedError as refusal:
            node, message = refusal.args
            yield node, "interleave", message
            continue
        for node in _overtaken(branches):
            message = (
                f"{ast.unparse(node)} takes time and another branch is not over yet; "
                "use `with parallel`"
            )
            yield node, "interleave", message


def _overtaken(branches: list[list[_Step]]) -> Iterator[ast.AST]:
    """Yield the first call of each branch that does not find the others over."""
    for index, steps in enumerate(branches):
        first = next((n for n, step in enumerate(steps) if step.is_call), None)
        if first is None:
            continue
        start = _total(steps[:first])
        for other, others in enumerate(branches):
            if other == index:
                continue
            end = _total(others)
            both_call = any(step.is_call for step in others)
            known = start is not None and end is not None
            # Of two that are due at once the branch written first is taken first.
            late = known and (end, other) > (start, index)
            if both_call or late:
                yield steps[first].node
                break


def _total(steps: list[_Step]) -> Fraction | None:
    times = [step.mu for step in steps]
    return None if None in times else sum(filter(None, times), Fraction(0))


@dataclass(frozen=True)
class _Reader:
    """Reads how long statements take; `free` are a called function's parameters."""

    inference: Inference
    scope: Scope
    free: frozenset[str]
    callers: tuple[Function, ...] = ()

    def steps(self, node: ast.AST) -> Iterator[_Step]:
        """Yield the steps of a piece of code that take time."""
        if isinstance(node, ast.With):
            if _block(node) != "sequential":
                message = "only `with sequential` can stand inside `with interleave`"
                raise _RefusedError(node, message)
            yield from self._all(node.body)
        elif isinstance(node, ast.If | ast.While | ast.Try | ast.IfExp):
            if list(self._all(ast.iter_child_nodes(node))):
                message = "what is conditional takes no time inside `with interleave`"
                raise _RefusedError(node, message)
        elif isinstance(node, ast.For):
            yield from self._loop(node)
        elif not isinstance(node, ast.FunctionDef):
            yield from self._all(ast.iter_child_nodes(node))
            if isinstance(node, ast.Call):
                yield from self._call(node)

    def _all(self, nodes: Iterator[ast.AST] | list[ast.stmt]) -> Iterator[_Step]:
        for node in nodes:
            yield from self.steps(node)

    def _loop(self, node: ast.For) -> Iterator[_Step]:
        inner = list(self._all(node.body))
        if not inner:
            return
        counted = getattr(getattr(node.iter, "func", None), "id", "") == "range"
        if not (counted and isinstance(node.iter, ast.Call)):
            message = "a loop that takes time is over range(...) of constants here"
            raise _RefusedError(node, message)
        bounds = [self._value(item) for item in node.iter.args]
        once = _total(inner)
        if any(step.is_call for step in inner):
            yield _Step(inner[0].node, is_call=True)
        elif once is None or None in bounds:
            yield _Step(node)
        else:
            count = len(range(*(int(bound) for bound in bounds if bound is not None)))
            yield _Step(node, once * count)

    def _call(self, node: ast.Call) -> Iterator[_Step]:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if isinstance(node.func, ast.Name) and name in ("delay", "delay_mu"):
            value = self._value(node.args[0]) if node.args else None
            scale = _MU if name == "delay" else 1
            yield _Step(node, None if value is None else Fraction(round(value * scale)))
            return
        found = self.inference.callee(node.func, self.scope)
        if isinstance(found, Function):
            yield from self._function(node, found)
        elif found is None and isinstance(node.func, ast.Attribute):
            yield from self._driver(node, node.func)

    def _driver(self, node: ast.Call, method: ast.Attribute) -> Iterator[_Step]:
        kind = self.inference.kind(method.value, self.scope)
        driver = "" if kind is None or kind.name != "device" else str(kind.of)
        driver = ".".join(driver.split(".")[-2:])
        if method.attr in _UNTOLD.get(driver, ()):
            message = f"how long {method.attr} takes is not told before the kernel runs"
            raise _RefusedError(node, f"{message}; use `with parallel`")
        may_last = driver.startswith("ttl.") or (not driver and method.attr[0] == "p")
        if may_last and method.attr.startswith(_LASTING):
            for item in node.args:
                self._value(item)
            yield _Step(node, is_call=True)

    def _function(self, node: ast.Call, function: Function) -> Iterator[_Step]:
        if not function.on_device or function in self.callers:
            return
        owner = None
        if isinstance(node.func, ast.Attribute):
            owner = self.inference.owner(node.func.value, self.scope)
        free = frozenset(item.arg for item in function.parameters)
        scope = self.inference.scope(function, owner)
        reader = _Reader(self.inference, scope, free, (*self.callers, function))
        try:
            inner = list(reader._all(function.node.body))
        except _RefusedError as refusal:
            raise _RefusedError(node, refusal.args[1]) from refusal
        if inner:
            yield _Step(node, is_call=True)

    def _value(self, node: ast.expr) -> Fraction | None:
        """Return the value of a constant expression, None where it is not known."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return Fraction(node.value)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            left, right = self._value(node.left), self._value(node.right)
            if left is None or right is None:
                return None
            return _OPERATORS[type(node.op)](left, right)
        if isinstance(node, ast.Name) and node.id in self.free:
            return None
        if isinstance(node, ast.Name) and node.id not in self.scope.names:
            return self._global(node.id)
        message = f"{ast.unparse(node)} is not constant; inside `with interleave` it is"
        raise _RefusedError(node, f"{message} so, or use `with parallel`")

    def _global(self, name: str) -> Fraction | None:
        found = self.inference.resolver.lookup(self.scope.module, name)
        if isinstance(found, External) and found.module.startswith("artiq"):
            value = getattr(units, found.name, None)
            return None if value is None else Fraction(str(value))
        if isinstance(found, Constant) and len(found.values) == 1:
            (item,) = found.values
            value = item.value if isinstance(item, ast.Constant) else None
            return Fraction(value) if isinstance(value, int | float) else None
        return None


def _block(node: ast.With) -> str:
    name = getattr(node.items[0].context_expr, "id", "")
    return name if name in _BLOCKS and len(node.items) == 1 else ""


RULES = (interleaved,)
