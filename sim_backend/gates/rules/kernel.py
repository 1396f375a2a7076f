"""What every rule is given."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..inference import Inference, Scope
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
