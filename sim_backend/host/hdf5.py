"""Datasets in HDF5: what can be stored, and how it is written, as ARTIQ does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ccqed_ctrl.errors import SchemaError

_WHOLE = (int, np.integer)
_REAL = (*_WHOLE, float, np.floating)

#: What h5py raises for values without an HDF5 counterpart.
_REFUSALS = (TypeError, ValueError, OverflowError, RuntimeError, OSError, KeyError)


def check(key: str, value: Any, metadata: Mapping[str, Any]) -> None:
    """Refuse at once what could not be written at the end of the run.

    Raises
    ------
    SchemaError
        Naming the key: the key, the value or the metadata have no place in HDF5.
    """
    check_name(key, metadata)
    if _plainly_storable(value):
        return
    # The exact rule is h5py's own: try it, in memory.
    with h5py.File("trial", "w", driver="core", backing_store=False) as file:
        write(file, "value", value, {}, name=key)


def check_name(key: str, metadata: Mapping[str, Any]) -> None:
    """Refuse keys that are no path below the group `datasets`, and odd metadata.

    Raises
    ------
    SchemaError
        Naming the key.
    """
    parts = key.split("/") if isinstance(key, str) else [""]
    if any(part in ("", ".", "..") for part in parts) or "\0" in key:
        message = f"dataset key must be a name without leading slash; got {key!r}"
        raise SchemaError(message)
    kinds = {"unit": (str,), "scale": _REAL, "precision": _WHOLE}
    for name, value in metadata.items():
        if isinstance(value, bool) or not isinstance(value, kinds.get(name, ())):
            message = f"{name} of dataset {key!r} must not be {value!r}"
            raise SchemaError(message)


def write(
    group: h5py.Group,
    key: str,
    value: Any,
    metadata: Mapping[str, Any],
    name: str | None = None,
) -> None:
    """Write one dataset with its display attributes.

    Raises
    ------
    SchemaError
        Naming the dataset (`name`, else `key`): it cannot be stored.
    """
    try:
        group[key] = value
        for attribute, item in metadata.items():
            group[key].attrs[attribute] = item
    except _REFUSALS as error:
        kind = type(value).__name__
        message = (
            f"dataset {name or key!r} of type {kind} cannot be stored in HDF5 "
            f"({error}); numbers, text, and regular arrays of them can"
        )
        raise SchemaError(message) from error


def write_all(
    group: h5py.Group,
    values: Mapping[str, Any],
    metadata: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """Write what can be written; return a sentence for each dataset that cannot."""
    refused = []
    for key, value in values.items():
        try:
            write(group, key, value, metadata.get(key, {}))
        except SchemaError as error:
            refused.append(str(error))
    return refused


def read(path: Path | str, key: str) -> Any:
    """Return one dataset of a file; texts as str."""
    with h5py.File(path) as file:
        value = file[key][()]
    return value.decode() if isinstance(value, bytes) else value


def _plainly_storable(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biufc" and value.dtype.fields is None
    if isinstance(value, int) and not isinstance(value, bool):
        return -(2**63) <= value < 2**63
    if isinstance(value, str):
        return "\0" not in value and value.isascii()
    if isinstance(value, list) and value:
        return _alike(value) and all(map(_plainly_storable, value))
    return isinstance(value, bool | float | complex | np.number | np.bool_)


def _alike(items: list[Any]) -> bool:
    """Whether items are arrays of one shape and type, or scalars of one type."""
    first, *others = items
    if isinstance(first, np.ndarray):
        return all(
            isinstance(item, np.ndarray)
            and (item.shape, item.dtype) == (first.shape, first.dtype)
            for item in others
        )
    return not isinstance(first, list) and all(
        type(item) is type(first) for item in others
    )
