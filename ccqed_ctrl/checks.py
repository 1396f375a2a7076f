"""Checks at the door, in one wording: name, allowed, received, likely cause."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import ParameterError, ShapeError

#: What Python or NumPy would quietly turn into a real number.
_NOT_REAL = (bool, np.bool_, str, bytes, complex, np.complexfloating)


def number(
    name: str,
    value: Any,
    minimum: float | None = None,
    maximum: float | None = None,
    unit: str = "",
) -> float:
    """Return `value` as a float, or say why it is not allowed.

    Raises
    ------
    ParameterError
        Not a finite real number, or outside [minimum, maximum].
    """
    low = "-inf" if minimum is None else f"{minimum:g}"
    high = "inf" if maximum is None else f"{maximum:g}"
    allowed = f"a finite number in [{low}, {high}]" + (f" {unit}" if unit else "")
    try:
        unfit = isinstance(value, _NOT_REAL) or np.ndim(value) > 0
        result = math.nan if unfit else float(value)
    except (TypeError, ValueError, OverflowError):
        message = f"{name} must be {allowed}; got {value!r}"
        raise ParameterError(message) from None
    outside = (minimum is not None and result < minimum) or (
        maximum is not None and result > maximum
    )
    if not math.isfinite(result) or outside:
        raise ParameterError(f"{name} must be {allowed}; got {value!r}")
    return result


def integer(
    name: str, value: Any, minimum: int | None = None, maximum: int | None = None
) -> int:
    """Return `value` as an int; 3.0 passes, 3.5 and True do not.

    Raises
    ------
    ParameterError
        Not a whole number, or outside [minimum, maximum].
    """
    if not number(name, value, minimum, maximum).is_integer():
        raise ParameterError(f"{name} must be a whole number; got {value!r}")
    # Not by way of float: seeds beyond 2**53 would lose their last digits.
    return int(value)


def choice(name: str, value: Any, allowed: Iterable[str]) -> str:
    """Return `value`, which must be one of the allowed names.

    Raises
    ------
    ParameterError
        Any other value.
    """
    names = list(allowed)
    if not isinstance(value, str) or value not in names:
        raise ParameterError(f"{name} must be one of {', '.join(names)}; got {value!r}")
    return value


def array(
    name: str, value: ArrayLike, shape: Sequence[Any], dtype: Any = float
) -> NDArray[Any]:
    """Return `value` as a finite array of the given shape.

    Integers in `shape` are required sizes; strings are free axes that must agree
    where they repeat: `("N", "N")` asks for a square matrix. `...` in front allows any
    further axes there.

    Raises
    ------
    ShapeError
        Wrong number of axes, wrong size, not numeric, complex where real is asked
        for, or not finite.
    """
    more = tuple(shape[:1]) == (...,)
    wanted = "(" + ", ".join("..." if a is ... else str(a) for a in shape) + ")"
    try:
        if np.iscomplexobj(value) and np.dtype(dtype).kind != "c":
            raise TypeError("its entries are complex")
        result = np.asarray(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        message = (
            f"{name} must be a numeric array of shape {wanted}: {str(error)[:200]}"
        )
        raise ShapeError(message) from None
    sizes: dict[str, int] = {}
    last = shape[1:] if more else shape
    place = max(result.ndim - len(last), 0) if more else 0
    matches = result.ndim == place + len(last) and all(
        have == (want if isinstance(want, int) else sizes.setdefault(want, have))
        for have, want in zip(result.shape[place:], last, strict=False)
    )
    if not matches:
        raise ShapeError(f"{name} must have shape {wanted}; got {result.shape}")
    bad = np.count_nonzero(~np.isfinite(result))
    if bad:
        message = f"{name} must be finite; {bad} of {result.size} entries are not"
        raise ShapeError(message)
    return result


def spins(name: str, value: ArrayLike, shape: Sequence[int | str]) -> NDArray[np.int8]:
    """Return `value` as int8 spins of -1 and +1.

    Raises
    ------
    ShapeError
        Wrong shape, or an entry that is neither -1 nor +1.
    """
    # What is int8 already, as large batches are, needs no float copy.
    exact = getattr(value, "dtype", None) == np.int8
    result = array(name, value, shape, np.int8 if exact else float)
    wrong = result[np.abs(result) != 1]
    if wrong.size:
        hint = "; are these pixels in {0, 1}?" if np.all(np.isin(wrong, 0)) else ""
        message = f"{name} must hold only -1 and +1; got {wrong.flat[0]:g}{hint}"
        raise ShapeError(message)
    return result.astype(np.int8)


def symmetric(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return `value` as a finite symmetric float matrix (N, N).

    Raises
    ------
    ShapeError
        Not square, not finite, or not symmetric to 1e-9 of its largest entry.
    """
    matrix = array(name, value, ("N", "N"))
    scale = float(np.max(np.abs(matrix), initial=0.0))
    difference = float(np.max(np.abs(matrix - matrix.T), initial=0.0))
    if difference > 1e-9 * scale:
        message = (
            f"{name} must be symmetric; entries differ from their mirror images by up "
            f"to {difference:.3g} (largest entry {scale:.3g})"
        )
        raise ShapeError(message)
    return np.ascontiguousarray(matrix, dtype=np.float64)
