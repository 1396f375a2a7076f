"""A run as an `xarray.Dataset`: dimensions by name, with coordinates and units."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.errors import ResultsError
from ccqed_ctrl.model.imaging import pixel_axis
from ccqed_ctrl.params import Imaging
from ccqed_ctrl.records import POINTS, SHOTS
from ccqed_ctrl.records.annotation import SETTINGS, label_keys
from ccqed_ctrl.units import si_unit

from .header import artiq_version
from .naming import identifier
from .storage import LARGEST

if TYPE_CHECKING:
    from .run import Run

#: Dimensions, values, attributes, as xarray takes them.
Variable = tuple[tuple[str, ...], Any, dict[str, Any]]

#: Axes that make a dataset an image of the camera.
IMAGE: Final = ("ny", "nx")
#: Datasets of a run that becomes an `xarray.Dataset`; more take minutes.
MOST_VARIABLES: Final = 4096
#: What is named for a point of a scan; the plain name is the shots'.
OF_POINTS: Final = "point_"


def to_xarray(
    run: Run,
    images: bool = True,
    apart: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
) -> Any:
    """Return a run as an `xarray.Dataset`.

    Variables have the names of `run.attributes`, dimensions those of the schema, each
    with coordinates where the file says what they are: names, m of pixels, s of ramps;
    scanned settings along the points (`point_corruption`) and the shots (`corruption`).
    Every variable has `units` (SI) and `long_name`. What a run says of itself (status,
    provenance) is in the attributes.

    Parameters
    ----------
    run : Run
    images : bool
        Whether frames are included.
    apart : mapping of str to tuple of int, optional
        Shapes of variables, by name, that are left out; their axes have coordinates all
        the same.

    Raises
    ------
    ResultsError
        xarray is not installed, a dataset cannot be read, or all are too large.
    """
    xarray = required("xarray")
    check_count(run)
    coordinates, labels = _labels(run)
    attributes, variables, size = dict(_attributes(run)), {}, 0
    for name, key in run.attributes.items():
        if key in labels or name in apart or not run.has(key):
            continue
        entry = run.entry(key)
        if key not in run.entries and not entry.axes:
            attributes[name] = run.get(key)
        elif images or entry.axes[-2:] != IMAGE:
            about = attributes_of(run, key)
            variables[name] = dimensions(run, name), np.asarray(run.get(key)), about
            size += variables[name][1].nbytes
            _check_size(run, size)
    # What is neither number nor text has no place there.
    variables = {n: v for n, v in variables.items() if v[1].dtype.kind in "biufcU"}
    shapes = {name: values.shape for name, (_, values, _) in variables.items()}
    coordinates |= _places(run, shapes | dict(apart))
    return xarray.Dataset(variables, coords=coordinates, attrs=attributes)


def check_count(run: Run) -> None:
    """Refuse a run of more datasets than become variables.

    Raises
    ------
    ResultsError
    """
    if len(run.attributes) > MOST_VARIABLES:
        raise ResultsError(
            f"{run.path.name} holds {len(run.attributes)} datasets; at most "
            f"{MOST_VARIABLES} become variables: export it as .h5, which copies it"
        )


def _check_size(run: Run, size: int) -> None:
    if size > LARGEST:
        raise ResultsError(
            f"{run.path.name} holds more than the {LARGEST} bytes that are read at "
            "once: leave its images out, or export it as .h5, which copies the file"
        )


def required(name: str) -> Any:
    """Return an optional package.

    Raises
    ------
    ResultsError
        It is not installed; the message says how to.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ResultsError(
            f"this needs {name}: pip install 'ccqed-ctrl[export]'"
        ) from error


def attributes_of(run: Run, key: str) -> dict[str, Any]:
    """Return what a variable says of itself, nothing where no schema does."""
    if key not in run.entries:
        return {}
    entry = run.entries[key]
    units = {} if entry.dtype == "str" else {"units": si_unit(entry.unit) or "1"}
    return {"long_name": entry.doc, **units}


def dimensions(run: Run, name: str) -> tuple[str, ...]:
    """Return a variable's, none of them twice: N, N of a matrix become N, N2."""
    axes = run.entry(run.attributes[name]).axes
    return tuple(
        f"{name}_{axis}"
        if axis.isdigit()
        else identifier(axis) + "2" * axes[:index].count(axis)
        for index, axis in enumerate(axes)
    )


def _labels(run: Run) -> tuple[dict[str, Variable], set[str]]:
    """Return coordinates that are datasets themselves, and the keys of these."""
    found: dict[str, Variable] = {}
    keys = set()
    names = {key: name for name, key in run.attributes.items()}
    for axis, candidates in label_keys(run.entries.values()).items():
        there = [k for k in candidates if run.has(k) and run.entry(k).axes == (axis,)]
        for key in there if axis == POINTS else there[:1]:
            keys.add(key)
            label = (axis,), np.asarray(run.get(key)), attributes_of(run, key)
            if axis == POINTS:
                found[OF_POINTS + names[key]] = label
                found[names[key]] = (SHOTS,), run.per_shot(key), label[2]
            else:
                found[axis] = label
    return found, keys


def _places(run: Run, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Variable]:
    """Return coordinates that follow from settings, for the axes of variables."""
    sizes = {
        axis: size
        for name, shape in shapes.items()
        for axis, size in zip(dimensions(run, name), shape, strict=True)
    }
    found: dict[str, Variable] = {}
    for axis, (make, unit, meaning) in _PLACES.items():
        if axis in sizes:
            values = make(run, sizes[axis])
            if values is not None:
                found[axis] = (axis,), values, {"units": unit, "long_name": meaning}
    return found


def _pixels(run: Run, size: int) -> NDArray[np.float64] | None:
    pitch = _once(run, f"{SETTINGS}imaging.pixel_size")
    if pitch is None or size != _once(run, f"{SETTINGS}imaging.pixels"):
        return None
    return pixel_axis(Imaging(pixels=size, pixel_size=pitch))


def _ramp(run: Run, size: int) -> NDArray[np.float64] | None:
    step = _once(run, "plan.ramp_step")
    return None if step is None else np.arange(size) * step


def _once(run: Run, key: str) -> Any:
    """Return what the whole run has in common, None where points differ."""
    return run.get(key) if run.has(key) and not run.entry(key).axes else None


_PIXELS: Final = _pixels, "m", "pixel centre from the cavity axis, object plane"
#: Axes whose places follow from settings: how, unit, meaning.
_PLACES: Final = {
    "ny": _PIXELS,
    "nx": _PIXELS,
    "T": (_ramp, "s", "time from the start of the ramp"),
}


def _attributes(run: Run) -> Mapping[str, Any]:
    header = run.header
    version = artiq_version(run.file)
    started = "" if header.started is None else header.started.isoformat()
    return {
        "Conventions": "CF-1.11",
        "title": f"{header.class_name}, {run.title}",
        "source": f"{header.backend}, {header.writer}, ARTIQ {version}",
        "history": f"{started} recorded in {run.path.name}".strip(),
        "class_name": header.class_name,
        "started": started,
        "complete_shots": run.shots,
    }
