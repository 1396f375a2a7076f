"""Lines made wrong: Cosmic Ray's mutants of a file, and statements removed.

Cosmic Ray is kept (releases in 2026), and makes one mutant at a time, as text in the
file, so that kernels, which are read from their source, and compiled functions change
too. mutmut 3 compiles all mutants of a function side by side and chooses as it is
called: it skips decorated functions, which kernels are, and constants of modules. Of
Cosmic Ray we use the operators, without its database and its commands, and but one or
two replacements of each sign: eleven wrong signs in one place say no more than two.
It removes no statements; safety is made of statements, so `RemoveStatement` is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.operators.provider import OperatorProvider
from parso.python.tree import Keyword, PythonNode

#: Cosmic Ray's operators; of each sign the wrong ones that are likeliest to hide.
OPERATORS = (
    "NumberReplacer", "AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak", "ZeroIterationForLoop",
    *(f"ReplaceBinaryOperator_{pair}" for pair in (
        "Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul", "FloorDiv_Mul",
        "Mod_Mul", "BitAnd_BitOr",
    )),
    *(f"ReplaceComparisonOperator_{pair}" for pair in (
        "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_Gt", "Gt_Lt", "LtE_GtE", "GtE_LtE",
        "Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is",
    )),
    "ReplaceUnaryOperator_USub_UAdd", "ReplaceUnaryOperator_Delete_Invert",
    "ReplaceUnaryOperator_Delete_Not",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One line made wrong: where, by which operator, both lines, and the whole file."""

    operator: str
    line: int
    before: str
    after: str
    source: str


def mutants(source: str) -> list[Mutant]:
    """Return every mutant of a file, by line."""
    offered = OperatorProvider()
    made = [(name, offered[name]()) for name in OPERATORS]
    made.append(("RemoveStatement", RemoveStatement()))
    found = []
    for name, operator in made:
        occurrence = 0
        while (changed := mutate_code(source, operator, occurrence)) is not None:
            occurrence += 1
            if _compiles(changed):
                found.append(_described(name, source, changed))
    # For Cosmic Ray the star before keywords is a product.
    found = [each for each in found if "/," not in each.after or "/," in each.before]
    return sorted(found, key=lambda each: each.line)


class RemoveStatement(Operator):
    """Calls, raised errors, and assignments to attributes and items become `pass`."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        if node.type == "simple_stmt" and _acts(node.children[0]):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, _index: int) -> Any:
        prefix = node.get_first_leaf().prefix
        word = Keyword("pass", node.start_pos, prefix)
        return PythonNode("simple_stmt", [word, node.children[-1]])

    @classmethod
    def examples(cls) -> tuple[Any, ...]:
        return (Example("f(x)\n", "pass\n"), Example("a.b = 1\n", "pass\n"))


def _acts(node: Any) -> bool:
    if node.type == "expr_stmt":
        target, sign = node.children[0], node.children[1]
        return target.type == "atom_expr" or getattr(sign, "value", "=") != "="
    return node.type in ("atom_expr", "power", "raise_stmt", "del_stmt")


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _described(name: str, source: str, changed: str) -> Mutant:
    old, new = source.splitlines(), changed.splitlines()
    line = next(
        (k for k, pair in enumerate(zip(old, new, strict=False)) if len(set(pair)) > 1),
        len(new) - 1,
    )
    return Mutant(name, line + 1, old[line].strip(), new[line].strip(), changed)
