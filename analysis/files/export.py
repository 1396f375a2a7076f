"""Results for other programs: xarray and NetCDF, or CSV with one line per shot."""

from __future__ import annotations

import csv
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.errors import ParameterError, ResultsError
from ccqed_ctrl.schema import SCHEMA
from ccqed_ctrl.units import si_unit

from .run import Run

#: Axes that make a dataset an image of the camera.
_IMAGE = ("ny", "nx")


def to_xarray(record: Run, images: bool = True) -> Any:
    """Return a run as an `xarray.Dataset`, dimensions named as in the schema.

    Text and numbers keep their keys as names; every variable has `units` (SI) and
    `long_name`. Datasets that are not in the schema have dimensions of their own.

    Parameters
    ----------
    record : Run
    images : bool
        Whether frames and fields are included.

    Raises
    ------
    ResultsError
        xarray is not installed, or a dataset cannot be read.
    """
    xarray = _import("xarray")
    variables: dict[str, Any] = {}
    for key in record.keys:
        entry = SCHEMA[key]
        if images or entry.axes[-2:] != _IMAGE:
            values = np.asarray(record.get(key))
            about = {"long_name": entry.doc, "units": si_unit(entry.unit) or "1"}
            variables[key] = (_dimensions(key, entry.axes), values, about)
    for key, dataset in record.foreign.items():
        values = np.asarray(record.file.read(key, dataset))
        if values.dtype.kind in "biufcU":
            axes = [f"{key}_{axis}" for axis in range(values.ndim)]
            variables[key] = (axes, values, {})
    return xarray.Dataset(variables, attrs=_attributes(record))


def write_netcdf(record: Run, path: Path, images: bool = True) -> None:
    """Write a run as NetCDF 4; complex data become two variables, `_re` and `_im`.

    Raises
    ------
    ResultsError
        xarray or h5netcdf is not installed, or the file cannot be written.
    """
    _import("h5netcdf")
    found = to_xarray(record, images)
    for key in [key for key in found if found[key].dtype.kind == "c"]:
        parts = found[key].real, found[key].imag
        for part, suffix in zip(parts, ("_re", "_im"), strict=True):
            found[key + suffix] = part.assign_attrs(found[key].attrs)
        found = found.drop_vars(key)
    # In foreign keys a slash would mean a group.
    names = [*found.variables, *found.dims]
    found = found.rename({name: name.replace("/", "|") for name in names})
    with _replacing(path) as partial:
        found.to_netcdf(partial, engine="h5netcdf")


def write_csv(record: Run, path: Path) -> None:
    """Write what has one number per shot, or per shot and memory, a line per shot.

    Raises
    ------
    ResultsError
        The file cannot be written.
    """
    columns = dict(_columns(record))
    with (
        _replacing(path) as partial,
        partial.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["shot", *columns])
        for index in range(record.shots):
            writer.writerow([index, *(column[index] for column in columns.values())])


def write(record: Run, path: Path, images: bool = True) -> None:
    """Write a run to .nc or .csv, as the suffix says.

    Raises
    ------
    ParameterError
        Another suffix.
    ResultsError
        The file cannot be written.
    """
    if path.suffix == ".csv":
        write_csv(record, path)
    elif path.suffix == ".nc":
        write_netcdf(record, path, images)
    else:
        raise ParameterError(f"the output must end in .nc or .csv; got {path.name!r}")


def _columns(record: Run) -> Iterator[tuple[str, NDArray[Any]]]:
    names = record.get("memory.names")
    for key in record.keys:
        axes = SCHEMA[key].axes
        if axes == ("S",):
            yield key, record.get(key)
        elif axes == ("S", "P"):
            values = record.get(key)
            for index, name in enumerate(names):
                yield f"{key}[{name}]", values[:, index]


def _dimensions(key: str, axes: tuple[str, ...]) -> list[str]:
    """Return names that no variable holds twice: N, N of a matrix become N, N2."""
    return [
        f"{key}_{axis}" if axis.isdigit() else axis + "2" * axes[:index].count(axis)
        for index, axis in enumerate(axes)
    ]


def _attributes(record: Run) -> dict[str, Any]:
    header = record.header
    started = "" if header.started is None else header.started.isoformat()
    return {
        "title": record.title,
        "source": record.path.name,
        "class_name": header.class_name,
        "started": started,
        "artiq_version": header.artiq_version,
        "complete_shots": record.shots,
    }


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ResultsError(
            f"this needs {name}: pip install 'ccqed-ctrl[export]'"
        ) from error


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to, that replaces `path` when all went well."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise ResultsError(f"cannot write {str(path)!r}: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
