"""What a schema says, written as attributes and scales that any HDF5 reader knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import h5py

from ..errors import SchemaError
from ..units import si_unit
from .declaration import POINTS, SHOTS, Entry
from .schema import KEY, decoded

#: What begins the keys of parameters.
SETTINGS: Final = "settings."
#: Attributes of HDF5's dimension scales, made anew: libhdf5 crashes of damaged ones.
_SCALES: Final = frozenset(
    ("CLASS", "NAME", "DIMENSION_LIST", "DIMENSION_LABELS", "REFERENCE_LIST")
)


def label_keys(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """Return, by axis, the datasets that say what the places along it are.

    These are names, and along the points of a scan the scanned settings.
    """
    found: dict[str, list[str]] = {}
    for entry in entries:
        if not entry.planned or len(entry.axes) != 1 or entry.axes[0] == SHOTS:
            continue
        (axis,) = entry.axes
        named = entry.dtype == "str" and axis != POINTS
        if named or (axis == POINTS and entry.key.startswith(SETTINGS)):
            found.setdefault(axis, []).append(entry.key)
    return found


def annotate(datasets: h5py.Group) -> None:
    """Write what the stored schema says beside the datasets of a group.

    Each gets `long_name`, `units` (SI, as the values are) and the names of its axes;
    axes get scales. A group without a schema of ours stays as it is.
    """
    describe(datasets, stored_schema(datasets).values())


def stored_schema(datasets: h5py.Group) -> dict[str, Entry]:
    """Return the declarations that a group of datasets carries; none without any."""
    stored = datasets.get(KEY)
    text = stored[()] if isinstance(stored, h5py.Dataset) and not stored.shape else None
    if not isinstance(text, bytes):
        return {}
    try:
        return decoded(text.decode(errors="replace"))
    except SchemaError:
        return {}


def describe(datasets: h5py.Group, entries: Iterable[Entry]) -> None:
    """Write declarations beside those of the datasets that are there."""
    known = [entry for entry in entries if _fits(datasets.get(entry.key), entry)]
    for entry in known:
        dataset = datasets[entry.key]
        for name in _SCALES & set(dataset.attrs):
            del dataset.attrs[name]
        dataset.attrs["long_name"] = entry.doc
        if entry.dtype != "str":
            dataset.attrs["units"] = si_unit(entry.unit) or "1"
        for dimension, axis in zip(dataset.dims, entry.axes, strict=True):
            dimension.label = axis
    labels = label_keys(known)
    scales = {key for keys in labels.values() for key in keys}
    for key in scales:
        datasets[key].make_scale(key)
    for entry in known:
        if entry.key in scales:
            continue
        for dimension, axis in zip(datasets[entry.key].dims, entry.axes, strict=True):
            for key in labels.get(axis, ()):
                dimension.attach_scale(datasets[key])


def _fits(found: object, entry: Entry) -> bool:
    return isinstance(found, h5py.Dataset) and len(found.shape or ()) == len(entry.axes)
