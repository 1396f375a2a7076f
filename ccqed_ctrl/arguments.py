"""Parameter dataclasses as ARTIQ arguments: declared once, in `params.py`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any, TypeVar

from artiq.experiment import (
    BooleanValue,
    EnumerationValue,
    HasEnvironment,
    NumberValue,
    StringValue,
)

from .params import Parameters, Quantity

Group = TypeVar("Group", bound=Parameters)


def add_arguments(
    experiment: HasEnvironment,
    group: type[Parameters],
    title: str,
    names: Iterable[str] | None = None,
) -> None:
    """Declare the fields of a group (or those in `names`) as arguments of `build()`.

    Each gets the field's SI default, display unit and bounds; its doc is the tooltip.
    """
    wanted = list(group.quantities() if names is None else names)
    defaults = {field.name: field.default for field in dataclasses.fields(group)}
    for name in wanted:
        described = group.quantities()[name]
        processor = _processor(defaults[name], described)
        experiment.setattr_argument(name, processor, title, tooltip=described.doc)


def collect(experiment: HasEnvironment, group: type[Group]) -> Group:
    """Return the group built from the experiment's arguments, validated.

    Fields that are no arguments keep their defaults.

    Raises
    ------
    ParameterError
        An argument is out of its bounds (ARTIQ itself does not check).
    """
    given = {
        name: getattr(experiment, name)
        for name in group.quantities()
        if hasattr(experiment, name)
    }
    return group(**given)


def _processor(default: Any, described: Quantity) -> Any:
    if isinstance(default, bool):
        return BooleanValue(default)
    if described.choices:
        return EnumerationValue(list(described.choices), default)
    if isinstance(default, str):
        return StringValue(default)
    bounds = {"min": described.minimum, "max": described.maximum}
    if isinstance(default, int):
        return NumberValue(default, type="int", precision=0, step=1, scale=1, **bounds)
    scale = described.scale
    digits = 3 if default == 0 else max(0, 3 - math.floor(math.log10(default / scale)))
    return NumberValue(
        default, unit=described.unit, scale=scale, precision=digits, **bounds
    )
