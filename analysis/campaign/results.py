"""The results of a campaign as arrays over the grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.errors import ParameterError, ResultsError, ShapeError

from .study import Study, Task, Values
from .work import Outcome


@dataclass(frozen=True)
class Results:
    """What is known of a study, in the order of its grid whatever ran first.

    outcomes: by task key; tasks that never ran are absent.
    """

    study: Study
    outcomes: Mapping[str, Outcome]

    def __len__(self) -> int:
        """Return the number of finished tasks."""
        return len(self.finished)

    def __iter__(self) -> Iterator[tuple[Task, Values]]:
        """Yield each finished task with its values."""
        return iter(self.finished)

    @cached_property
    def finished(self) -> tuple[tuple[Task, Values], ...]:
        """Tasks that have values, with them."""
        return tuple(
            (outcome.task, outcome.values)
            for outcome in self.outcomes.values()
            if outcome.values is not None
        )

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Outcomes of tasks whose function raised."""
        found = self.outcomes.values()
        return tuple(outcome for outcome in found if outcome.values is None)

    @property
    def complete(self) -> bool:
        """Whether every task has values."""
        return len(self) == np.prod(self.study.shape)

    @property
    def seconds(self) -> float:
        """Time that the finished tasks took, all workers added up."""
        return sum(o.seconds for o in self.outcomes.values() if o.values is not None)

    @property
    def names(self) -> list[str]:
        """Names of the values, of the first finished task."""
        return list(self.finished[0][1]) if self.finished else []

    def column(self, name: str, **point: Any) -> NDArray[Any]:
        """Return one value of all finished tasks at `point`, (K, ...).

        Parameters
        ----------
        name : str
            Of the value.
        **point
            Parameters that are given; all others are free.

        Raises
        ------
        ParameterError
            An unknown parameter or value.
        ShapeError
            Values of several shapes; go through the tasks instead.
        """
        unknown = sorted(set(point) - set(self.study.grid))
        if unknown:
            known = ", ".join(self.study.grid)
            raise ParameterError(f"no parameter {unknown[0]!r}; the grid has {known}")
        found = [
            self._value(values, name)
            for task, values in self.finished
            if all(task.point[key] == value for key, value in point.items())
        ]
        if len({value.shape for value in found}) > 1:
            raise ShapeError(f"{name} has several shapes; go through the tasks instead")
        return np.stack(found) if found else np.empty(0)

    def array(self, name: str) -> NDArray[Any]:
        """Return one value over the grid: (len of each axis..., seeds, ...).

        Real values of tasks without a result are NaN; others need all results.

        Raises
        ------
        ParameterError
            An unknown value.
        ResultsError
            Results are missing and the value's type has no NaN.
        ShapeError
            Values of several shapes.
        """
        column = self.column(name)
        if self.complete:
            return column.reshape(*self.study.shape, *column.shape[1:])
        if column.dtype.kind not in "fc":
            missing = int(np.prod(self.study.shape)) - len(self)
            raise ResultsError(f"{missing} results of {name} are missing")
        place = {task.key: index for index, task in enumerate(self.study.tasks())}
        filled = np.full((len(place), *column.shape[1:]), np.nan, column.dtype)
        filled[[place[task.key] for task, _ in self.finished]] = column
        return filled.reshape(*self.study.shape, *column.shape[1:])

    def write_hdf5(self, path: Path | str) -> None:
        """Write the finished tasks as HDF5: a column per parameter and per value.

        Values of several shapes become one dataset per task.

        Raises
        ------
        ResultsError
            The file cannot be written.
        """
        path = Path(path)
        partial = path.with_name(f".{path.name}.partial")
        try:
            with h5py.File(partial, "w") as file:
                self._fill(file)
            partial.replace(path)
        except OSError as error:
            raise ResultsError(f"cannot write {str(path)!r}: {error}") from error
        finally:
            partial.unlink(missing_ok=True)

    def _fill(self, file: h5py.File) -> None:
        study = self.study
        file.attrs.update(
            study=study.name, version=study.version, root_seed=study.root_seed,
            generation=study.generation, seeds=study.seeds,
        )  # fmt: skip
        tasks = [task for task, _ in self.finished]
        for name in study.grid:
            file[f"points/{name}"] = [task.point[name] for task in tasks]
        file["seeds"] = [task.seed for task in tasks]
        for name in self.names:
            try:
                file[f"values/{name}"] = self.column(name)
            except ShapeError:
                for task, values in self.finished:
                    file[f"values/{name}/{task.key}"] = values[name]

    def _value(self, values: Values, name: str) -> NDArray[Any]:
        if name not in values:
            known = ", ".join(values)
            raise ParameterError(f"no value {name!r}; the study returned {known}")
        return values[name]
