"""One task, wherever it runs: same thread settings, same stream, errors as data."""

from __future__ import annotations

import pickle
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ccqed_ctrl.errors import ParameterError, ResultsError
from ccqed_ctrl.threads import one_thread

from .identity import code_identity
from .study import Study, Task, Values

#: Kinds of numbers that a study may return: bool, integers, real, complex.
_KINDS = "biufc"


@dataclass(frozen=True)
class Outcome:
    """What became of a task: values by name, or None and the error's text.

    seconds: the function took. error: empty, or type and message. trace: of the error.
    """

    task: Task
    values: Values | None
    seconds: float
    error: str = ""
    trace: str = ""


def attempt(study: Study, task: Task) -> Outcome:
    """Run one task; whatever its function raises becomes an outcome.

    BLAS runs on one thread: sums in another order would differ in their last bit.
    """
    return _attempt(lambda: study, task)


def attempt_packed(packed: bytes, task: Task) -> Outcome:
    """Run one task of a pickled study; failing to unpickle it is an outcome too."""
    return _attempt(lambda: pickle.loads(packed), task)


def _attempt(give_study: Callable[[], Study], task: Task) -> Outcome:
    start = time.perf_counter()
    try:
        study = give_study()
        _check_code(study)
        with one_thread():
            returned = study.function(task.point, study.rng(task))
        values = checked(returned)
    except Exception as error:  # the others must go on whatever this one raises
        trace = "".join(traceback.format_exception(error))
        said = f"{type(error).__name__}: {error}"
        return Outcome(task, None, time.perf_counter() - start, said, trace)
    return Outcome(task, values, time.perf_counter() - start)


def _check_code(study: Study) -> None:
    """Refuse to run other code than the client's, from an outdated installation."""
    shipped = study.function.__module__ == "__main__"
    if not shipped and code_identity(study.function) != study.code:
        raise ResultsError("this worker has other code of the study than the client")


def checked(returned: Mapping[str, Any]) -> Values:
    """Return what a study's function returned as arrays by name.

    Raises
    ------
    ParameterError
        Something else than numbers and arrays of numbers by name.
    """
    if not isinstance(returned, Mapping) or not returned:
        raise ParameterError(
            f"a study returns numbers and arrays by name; got {returned!r}"
        )
    values = {name: np.asarray(value) for name, value in returned.items()}
    for name, value in values.items():
        if not isinstance(name, str) or value.dtype.kind not in _KINDS:
            raise ParameterError(
                f"a study returns numbers and arrays by name; got {name!r} of type "
                f"{value.dtype}"
            )
    return values
