"""Datasets of any size, a block of rows at a time: memory stays flat."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.errors import ResultsError
from ccqed_ctrl.records import SHOTS

from .run import Run

#: Bytes above which a dataset is not read whole, and of the blocks that it is read in.
LARGE: Final = 2**20
BLOCK: Final = 2**23


@dataclass(frozen=True)
class Rows:
    """Numbers of a run, shape (rows, ...), that are read a block of rows at a time."""

    run: Run
    key: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    step: int

    def blocks(self) -> Iterator[tuple[slice, NDArray[Any]]]:
        """Yield which rows, and these.

        Raises
        ------
        SchemaError, ResultsError
            They cannot be read (`Run.get`), or differ in shape.
        """
        for start in range(0, self.shape[0], self.step):
            stop = min(start + self.step, self.shape[0])
            yield slice(start, stop), self._block(start, stop)

    def _block(self, start: int, stop: int) -> NDArray[Any]:
        if not self.run.journalled(self.key):
            dataset = self.run.checked(self.key)
            return np.asarray(self.run.file.rows(self.key, dataset, start, stop))
        block = np.empty((stop - start, *self.shape[1:]), self.dtype)
        for shot in range(start, stop):
            row = np.asarray(self.run.row(self.key, shot))
            if row.shape != self.shape[1:] or row.dtype != self.dtype:
                raise ResultsError(
                    f"{self.run.path.name}: {self.key} of shot {shot} is {row.dtype} "
                    f"of shape {row.shape}; of shot 0 {self.dtype} of {self.shape[1:]}"
                )
            block[shot - start] = row
        return block


def large(run: Run, key: str) -> Rows | None:
    """Return the rows of a dataset that is too large to be read whole, else None.

    Raises
    ------
    SchemaError, ResultsError
        It is not as its schema says, or damaged.
    """
    if not run.entry(key).axes or run.implies(key):
        return None
    if run.journalled(key):
        first = np.asarray(run.row(key, 0)) if run.shots else np.empty(0)
        shape, dtype, chunk = (run.shots, *first.shape), first.dtype, 1
    else:
        dataset = run.checked(key)
        shape, dtype = dataset.shape, dataset.dtype
        chunk = dataset.chunks[0] if dataset.chunks else 1
        if run.entry(key).axes[0] == SHOTS:
            shape = (run.shots, *shape[1:])
    if dtype.kind not in "biufc" or math.prod(shape) * dtype.itemsize <= LARGE:
        return None
    rows = BLOCK // (math.prod(shape[1:]) * dtype.itemsize)
    return Rows(run, key, shape, dtype, max(rows - rows % chunk, chunk))
