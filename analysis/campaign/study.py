"""What a campaign computes: a function over a grid of parameters, several seeds each.

A task is one point and one seed. Its identity is a hash of those alone: not of its
place in the grid, nor of the worker, so results are the same in any order and a grown
grid keeps what is finished.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.rng import stream

from .identity import code_identity, require_importable

Point = Mapping[str, bool | int | float | str]
Values = Mapping[str, NDArray[Any]]
#: Takes a point and a generator; returns numbers and arrays by name.
StudyFunction = Callable[[Point, np.random.Generator], Mapping[str, Any]]


@dataclass(frozen=True)
class Task:
    """One point of a study and one seed.

    key: 32 hexadecimal digits, from point and seed alone.
    """

    point: Point
    seed: int

    @cached_property
    def key(self) -> str:
        """The task's identity."""
        canonical = {name: _canonical(value) for name, value in self.point.items()}
        text = json.dumps([canonical, self.seed], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Study:
    """A function of a parameter point and a seed, over a grid.

    name: what the store calls it. function: importable, (point, rng) -> numbers and
    arrays by name. grid: values by parameter; the points are their product, the last
    parameter fastest. seeds: repetitions of each point. version: to be changed with
    what the function computes, where the function's own code does not show it.
    root_seed: of all random streams. paired: parameters that do not enter the stream,
    so that points which differ in them alone see the same randomness. seconds: core
    time of a task where that has been measured, for estimates only.

    Raises
    ------
    ParameterError
        Names, values or numbers that make no grid, or a function that other processes
        could not import.
    """

    name: str
    function: StudyFunction
    grid: Mapping[str, Sequence[Any]]
    seeds: int = 1
    version: int = 1
    root_seed: int = 0
    paired: tuple[str, ...] = ()
    seconds: float | None = None

    def __post_init__(self) -> None:
        if not self.name or not self.name.isprintable():
            raise ParameterError(f"a study needs a printable name; got {self.name!r}")
        require_importable(self.function)
        checks.integer("seeds", self.seeds, 1)
        checks.integer("version", self.version, 0)
        checks.integer("root_seed", self.root_seed, 0)
        grid = {name: _axis(name, values) for name, values in self.grid.items()}
        object.__setattr__(self, "grid", grid)
        unknown = sorted(set(self.paired) - set(grid))
        if unknown:
            raise ParameterError(f"paired parameter {unknown[0]!r} is not in the grid")

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the grid's axes, then the number of seeds."""
        return (*(len(values) for values in self.grid.values()), self.seeds)

    def tasks(self) -> Iterator[Task]:
        """Yield all tasks in the order of the grid, seeds fastest."""
        for values in itertools.product(*self.grid.values()):
            point = dict(zip(self.grid, values, strict=True))
            for seed in range(self.seeds):
                yield Task(point, seed)

    @cached_property
    def code(self) -> str:
        """Identity of the function's code, where the study was made."""
        return code_identity(self.function)

    @cached_property
    def generation(self) -> str:
        """Identity of all else that results depend on."""
        parts = (self.version, self.root_seed, sorted(self.paired), self.code)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

    def rng(self, task: Task) -> np.random.Generator:
        """Return the generator of a task: from the task's identity alone."""
        point = {k: v for k, v in task.point.items() if k not in self.paired}
        # The whole hash is the index: a purpose has only 32 bits of its own.
        return stream(self.root_seed, self.name, int(Task(point, task.seed).key, 16))


def _axis(name: str, values: Sequence[Any]) -> tuple[bool | int | float | str, ...]:
    """Return the values of a parameter as plain Python, distinct and finite."""
    if isinstance(values, str) or not name.isidentifier():
        raise ParameterError(f"grid[{name!r}] must be a list of values; got {values!r}")
    plain = tuple(
        value.item() if isinstance(value, np.generic) else value for value in values
    )
    if not plain:
        raise ParameterError(f"grid[{name!r}] is empty")
    for value in plain:
        if not isinstance(value, bool | int | float | str) or (
            isinstance(value, float) and not math.isfinite(value)
        ):
            raise ParameterError(
                f"grid[{name!r}] must hold finite numbers or texts; got {value!r}"
            )
    if len({isinstance(value, str) for value in plain}) > 1:
        raise ParameterError(f"grid[{name!r}] mixes numbers and texts: {plain}")
    if len({_canonical(value) for value in plain}) < len(plain):
        raise ParameterError(f"grid[{name!r}] holds a value twice: {plain}")
    return plain


def _canonical(value: bool | int | float | str) -> str:
    """Return the same text for equal numbers (2 and 2.0), another for 1 and True."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return (
        f"{'number' if type(value) in (int, float) else type(value).__name__} {value!r}"
    )
