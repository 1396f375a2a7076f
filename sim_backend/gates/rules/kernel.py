"""What every rule is given."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..inference import Inference, Instance, Scope
from ..kinds import Kind
from ..source import Function

#: (syntax node, name of the rule, message)
Complaint = tuple[Any, str, str]


@dataclass(eq=False)
class Kernel:
    """A function that the core device runs, with all that is known about it."""

    function: Function
    scope: Scope
    inference: Inference

    @property
    def node(self) -> ast.FunctionDef:
        """The definition."""
        return self.function.node

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the body."""
        return [part for node in self.node.body for part in ast.walk(node)]

    def all(self, *types: type[ast.AST]) -> Iterator[Any]:
        """Yield the nodes of these types."""
        return (node for node in self.nodes if isinstance(node, types))

    def kind(self, node: ast.expr | None) -> Kind | None:
        """Return the kind of an expression of the body."""
        return self.inference.kind(node, self.scope)

    def called(self) -> Iterator[tuple[Function, Instance | None]]:
        """Yield what the function calls; the host's share of an RPC calls none."""
        for node in self.all(ast.Call):
            callee = self.inference.callee(node.func, self.scope)
            if not isinstance(callee, Function):
                continue
            if self.function.on_device and not callee.on_device:
                continue
            owner = None
            if callee.owner is not None and isinstance(node.func, ast.Attribute):
                owner = self.inference.owner(node.func.value, self.scope)
            yield callee, owner

    def tree(self) -> list[Kernel]:
        """Return the kernel and all that it calls, directly or not."""
        found = {(self.function, self.scope.instance): self}
        pending = [self]
        while pending:
            for function, owner in pending.pop().called():
                if (function, owner) not in found:
                    scope = self.inference.scope(function, owner)
                    kernel = Kernel(function, scope, self.inference)
                    found[function, owner] = kernel
                    pending.append(kernel)
        return list(found.values())
