"""Every dataset key: shape, type, unit, meaning. Keys come only from here.

Axes: S shots, P memories, N ensembles (= pixels), T ramp steps, F frames of a shot,
ny, nx camera pixels. Arrays with S grow shot by shot: row k is complete once
`progress.done` exceeds k.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from . import params
from .errors import SchemaError
from .units import SCALES

#: Raised with every incompatible change; readers refuse a newer one.
REVISION: Final = 1


@dataclass(frozen=True)
class Entry:
    """One dataset: axes by name, numpy type ('str' for text), display unit, meaning."""

    axes: tuple[str, ...]
    dtype: str
    unit: str
    doc: str


def _entry(axes: str, dtype: str, doc: str, unit: str = "") -> Entry:
    return Entry(tuple(axes.split()), dtype, unit, doc)


#: Parameter groups of a run, stored field by field as `settings.<group>.<field>`.
GROUPS: Final[dict[str, type[params.Parameters]]] = {
    "memory": params.Memory,
    "layout": params.Layout,
    "cloud": params.Cloud,
    "sequence": params.Sequence,
    "run": params.Run,
    "cavity": params.Cavity,
    "pump": params.Pump,
    "imaging": params.Imaging,
    "pump_calibration": params.PumpCalibration,
    "longitudinal": params.LongitudinalCalibration,
}

_DTYPES: Final = {str: "str", int: "int64", float: "float64"}


def _settings() -> dict[str, Entry]:
    """Return one entry per field of the groups, as its dataclass declares it."""
    return {
        f"settings.{name}.{field.name}": Entry(
            (),
            _DTYPES[type(field.default)],
            field.metadata["quantity"].unit,
            field.metadata["quantity"].doc,
        )
        for name, group in GROUPS.items()
        for field in fields(group)
    }


SCHEMA: Final[dict[str, Entry]] = {
    "schema_revision": _entry("", "int64", "revision of this table"),
    "backend": _entry("", "str", "hardware or simulation: what the devices were"),
    "seed": _entry("", "int64", "root seed of layout, catalogue and cue"),
    "progress.done": _entry("", "int64", "shots completed"),
    "progress.total": _entry("", "int64", "shots asked for"),
    "memory.names": _entry("P", "str", "names of the memories"),
    "memory.patterns": _entry("P N", "int8", "stored images, ink is +1"),
    "memory.shape": _entry("2", "int64", "rows and columns of an image"),
    "memory.overlaps": _entry("P P", "float64", "pairwise overlaps of the memories"),
    "memory.condition": _entry("", "float64", "condition number of their Gram matrix"),
    "memory.cued": _entry("", "int64", "index of the cued memory"),
    "plan.positions": _entry("N 2", "float64", "commanded ensemble positions", "um"),
    "plan.realised_width": _entry("", "float64", "rms width per coordinate", "um"),
    "plan.smallest_gap": _entry("", "float64", "least distance of sites", "um"),
    "plan.kernel": _entry("N N", "float64", "couplings A_ij in units of J0"),
    "plan.minima": _entry("P N", "int8", "cavity minimum of each memory"),
    "plan.stability": _entry("P", "float64", "least s_i l_i of each minimum, in J0"),
    "plan.encoder": _entry("N N", "float64", "from images to spins, Eq. 30"),
    "plan.decoder": _entry("N N", "float64", "from spins to images, Eq. 31"),
    "plan.ramp_volts": _entry("T", "float64", "pump servo set-points", "V"),
    "plan.ramp_step": _entry("", "float64", "time between set-points", "us"),
    "plan.threshold": _entry("", "float64", "Rabi frequency at threshold", "rad/s"),
    "plan.rabi_frequency": _entry("", "float64", "Rabi frequency at the end", "rad/s"),
    "plan.scattered": _entry("", "float64", "photons each atom scatters in a shot"),
    "shot.cue": _entry("S N", "int8", "what was shown"),
    "shot.encoded_cue": _entry("S N", "int8", "spin state that was loaded"),
    "shot.drive": _entry("S N", "float64", "DMD amplitudes of the sites"),
    "shot.amplitude": _entry("S", "float64", "DDS amplitude of the longitudinal drive"),
    "shot.frames": _entry("S F ny nx", "uint16", "raw hologram and reference, ADU"),
    "shot.exposure": _entry("S", "float64", "exposure as used", "us"),
    "shot.field": _entry("S ny nx", "complex64", "demodulated field, sqrt(e-)"),
    "shot.amplitudes": _entry("S N", "complex128", "emission of the ensembles"),
    "shot.spins": _entry("S N", "int8", "decoded spins, 0 undetermined"),
    "shot.error_probability": _entry("S N", "float64", "that a sign is wrong"),
    "shot.phase": _entry("S", "float64", "emission phase against reference, rad"),
    "shot.residual": _entry("S", "float64", "light the ensembles do not explain"),
    "shot.saturated": _entry("S", "int64", "clipped pixels of both frames"),
    "shot.recalled": _entry("S N", "int8", "recalled image"),
    "shot.cue_overlap": _entry("S", "float64", "cue with the cued memory"),
    "shot.overlaps": _entry("S P", "float64", "recalled image with each memory"),
    "shot.pixels_wrong": _entry("S", "int64", "recalled image against the memory"),
    "sign_reference": _entry("", "str", "what fixes the global sign"),
    "summary.memory": _entry("", "str", "name of the cued memory"),
    "summary.recalled_as": _entry("", "str", "memory nearest the last recalled image"),
    "summary.cue_overlap": _entry("", "float64", "mean over shots"),
    "summary.recalled_overlap": _entry("", "float64", "mean over shots"),
    "summary.pixels_wrong": _entry("", "float64", "mean over shots"),
    "summary.residual": _entry("", "float64", "mean over shots"),
    "summary.undetermined_spins": _entry("", "float64", "mean over shots"),
    **_settings(),
}


class DatasetOwner(Protocol):
    """An experiment, as far as publishing is concerned."""

    def set_dataset(self, key: str, value: Any, **options: Any) -> None:
        """Set a dataset, ARTIQ's signature."""


def settings(owner: Any) -> dict[str, Any]:
    """Return the datasets of all parameter groups that `owner` has as attributes."""
    return {
        f"settings.{name}.{field}": value
        for name in GROUPS
        if hasattr(owner, name)
        for field, value in getattr(owner, name).to_dict().items()
    }


def allocate(key: str, sizes: Mapping[str, int]) -> NDArray[Any]:
    """Return zeros (NaN for floats) for a growing dataset, axes sized by name.

    Raises
    ------
    SchemaError
        An unknown key, or an axis without a size.
    """
    entry = _lookup(key)
    try:
        shape = [int(sizes.get(axis, axis)) for axis in entry.axes]
    except ValueError as error:
        raise SchemaError(f"{key}: no size given for axes {entry.axes}") from error
    fill = np.nan if np.dtype(entry.dtype).kind in "fc" else 0
    return np.full(shape, fill, dtype=entry.dtype)


def publish(owner: DatasetOwner, values: Mapping[str, Any], **options: Any) -> None:
    """Set datasets, each checked against the schema and given its unit.

    `options` go to `set_dataset` (broadcast, archive...).

    Raises
    ------
    SchemaError
        An unknown key, or a value of another shape or type. Nothing is set then.
    """
    checked = {key: conform(key, value) for key, value in values.items()}
    for key, value in checked.items():
        unit = SCHEMA[key].unit
        display = {"unit": unit, "scale": SCALES[unit]} if unit else {}
        owner.set_dataset(key, value, **display, **options)


def conform(key: str, value: Any) -> Any:
    """Return `value` with the schema's type.

    Raises
    ------
    SchemaError
        An unknown key, a wrong shape, or a type or value that would lose data.
    """
    entry = _lookup(key)
    if entry.dtype == "str":
        return _text(key, entry, value)
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise SchemaError(f"{key} must be an array: {error}") from None
    fits = array.ndim == len(entry.axes) and all(
        not axis.isdigit() or int(axis) == size
        for axis, size in zip(entry.axes, array.shape, strict=True)
    )
    if not fits:
        raise SchemaError(f"{key} has axes {entry.axes}; got shape {array.shape}")
    if not np.can_cast(array.dtype, entry.dtype, "same_kind"):
        raise SchemaError(f"{key} is {entry.dtype}; got {array.dtype}")
    cast = array.astype(entry.dtype)
    if cast.dtype.kind in "iu" and not np.array_equal(cast, array):
        raise SchemaError(f"{key} is {entry.dtype}; some values do not fit it")
    if not entry.axes:
        return cast.item()
    return cast


def _text(key: str, entry: Entry, value: Any) -> Any:
    several = isinstance(value, Iterable) and not isinstance(value, str)
    texts = list(value) if several else [value]
    if several != bool(entry.axes) or not all(isinstance(text, str) for text in texts):
        wanted = "a list of texts" if entry.axes else "text"
        raise SchemaError(f"{key} is {wanted}; got {value!r}")
    return texts if entry.axes else value


def _lookup(key: str) -> Entry:
    if key not in SCHEMA:
        raise SchemaError(
            f"no dataset {key!r} in the schema; add it to ccqed_ctrl/schema.py"
        )
    return SCHEMA[key]
