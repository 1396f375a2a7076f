"""The machinery of declared parameters: a field once, with type, unit and bounds.

A group is a frozen dataclass whose fields are made by `quantity`. Type and optionality
are those of the annotation (float, int, bool or str, perhaps `| None`); arguments,
checks, and the resolved record in the results follow from the declaration.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from . import checks
from .errors import ParameterError
from .units import SCALES

#: What a field may be.
KINDS = (float, int, bool, str)


@dataclass(frozen=True)
class Quantity:
    """What a field means: display unit, allowed range or choices, description.

    minimum, maximum, step: SI; step is what a dashboard's arrows add.
    """

    doc: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    step: float | None = None

    @property
    def scale(self) -> float:
        """SI value of one display unit."""
        return SCALES[self.unit]


def quantity(default: Any, doc: str, unit: str = "", **allowed: Any) -> Any:
    """Declare one dataclass field with its `Quantity`; values and bounds are SI."""
    described = Quantity(doc, unit, **allowed)
    return dataclasses.field(default=default, metadata={"quantity": described})


@dataclass(frozen=True)
class Declared:
    """One field of a group: label for messages, type, optionality, default, meaning."""

    label: str
    kind: type
    optional: bool
    default: Any
    meaning: Quantity

    def validated(self, value: Any) -> Any:
        """Return `value` as the field's type.

        Raises
        ------
        ParameterError
            Another type, out of bounds, or none of the choices.
        """
        if value is None and self.optional:
            return None
        if self.kind is bool:
            if not isinstance(value, bool | np.bool_):
                raise ParameterError(f"{self.label} is true or false; got {value!r}")
            return bool(value)
        if self.kind is str:
            return self._text(value)
        low, high = self.meaning.minimum, self.meaning.maximum
        if self.kind is int:
            checks.number(self.label, value, low, high)
            return checks.integer(self.label, value)
        return checks.number(self.label, value, low, high)

    def _text(self, value: Any) -> str:
        if self.meaning.choices:
            return checks.choice(self.label, value, self.meaning.choices)
        if not isinstance(value, str):
            raise ParameterError(f"{self.label} must be text; got {value!r}")
        return str(value)

    def shown(self, value: Any, digits: int = 12) -> str:
        """Return a value in its display unit, as it is typed: 2pi*150 kHz."""
        unit, turns = self.meaning.unit, "2pi "
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value)
        if self.kind is int and isinstance(value, int):
            return str(value)
        number = f"{value / self.meaning.scale:.{digits}g}"
        if unit.startswith(turns):
            return f"2pi*{number} {unit.removeprefix(turns)}"
        return f"{number} {unit}".strip()

    @property
    def step(self) -> float:
        """What a dashboard's arrows add, SI: a tenth of the default's leading digit."""
        if self.meaning.step is not None:
            return self.meaning.step
        if self.kind is int:
            return 1.0
        size = abs(self.default or 0.0) / self.meaning.scale
        tenth = 10.0 ** (math.floor(math.log10(size)) - 1) if size else 0.1
        return float(tenth * self.meaning.scale)


@dataclass(frozen=True)
class Parameters:
    """Base of all parameter groups: validation and dict round trip."""

    def __post_init__(self) -> None:
        for name, declared in self.declared().items():
            object.__setattr__(self, name, declared.validated(getattr(self, name)))

    @classmethod
    def declared(cls) -> Mapping[str, Declared]:
        """Return the fields in order of declaration.

        Raises
        ------
        ParameterError
            A field that `quantity` has not made, or of a type that is none of `KINDS`.
        """
        group: Any = cls  # mypy takes a dataclass for unhashable
        found: Mapping[str, Declared] = _declared(group)
        return found

    @classmethod
    def quantities(cls) -> dict[str, Quantity]:
        """Return the meaning of each field, in order of declaration."""
        return {name: field.meaning for name, field in cls.declared().items()}

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, validated anew."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dictionary of SI values."""
        return {name: getattr(self, name) for name in self.declared()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from `to_dict`'s output.

        Raises
        ------
        ParameterError
            An unknown field (a misspelling, or a file of another version) or a bad
            value.
        """
        unknown = sorted(set(values) - set(cls.declared()))
        if unknown:
            known = ", ".join(cls.declared())
            raise ParameterError(
                f"{cls.__name__} has no field {unknown[0]!r}; it has {known}"
            )
        return cls(**values)


@functools.cache
def _declared(group: Any) -> Mapping[str, Declared]:
    hints = typing.get_type_hints(group)
    found = {}
    for field in dataclasses.fields(group):
        label = f"{group.__name__}.{field.name}"
        kinds = set(typing.get_args(hints[field.name])) or {hints[field.name]}
        (kind, *others) = kinds - {types.NoneType} or {None}
        if others or kind not in KINDS or "quantity" not in field.metadata:
            raise ParameterError(
                f"{label} must be declared as NAME: float (or int, bool, str, perhaps "
                "| None) = quantity(default, meaning, unit)"
            )
        found[field.name] = Declared(
            label, kind, types.NoneType in kinds, field.default,
            field.metadata["quantity"],
        )  # fmt: skip
    return types.MappingProxyType(found)
