"""Results as NetCDF 4: small variables by xarray, large ones a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np

from ccqed_ctrl.hdf5_files import new_hdf5

from .arrays import IMAGE, attributes_of, check_count, dimensions, required, to_xarray
from .pairing import check_journal
from .run import Run
from .streaming import Rows, large

#: Complex numbers, and all others, as NetCDF has them.
_PARTS: Final[Mapping[str, Callable[[Any], Any]]] = {"_re": np.real, "_im": np.imag}
_WHOLE: Final[Mapping[str, Callable[[Any], Any]]] = {"": np.asarray}


def write_netcdf(run: Run, path: Path, images: bool = True) -> None:
    """Write NetCDF 4; complex data become two variables, `_re` and `_im`.

    Memory is flat: what is large is read and written a block of rows at a time.
    """
    h5netcdf, backends = required("h5netcdf"), required("xarray.backends")
    check_count(run)
    if images:
        check_journal(run.file)
    rows = dict(_large(run, images))
    found = to_xarray(run, images, {name: each.shape for name, each in rows.items()})
    for name in [name for name in found if found[name].dtype.kind == "c"]:
        for part, part_of in _PARTS.items():
            found[name + part] = part_of(found[name]).assign_attrs(found[name].attrs)
        found = found.drop_vars(name)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    version = metadata.version("ccqed-ctrl")
    found.attrs["history"] += f"\n{now} exported by ccqed-ctrl {version}"
    with (
        run.file.guard("a dataset"),
        new_hdf5(path) as file,
        h5netcdf.File(file, "w") as target,
    ):
        found.dump_to_store(backends.H5NetCDFStore(target))
        for name in [name for name in rows if name not in found.coords]:
            _stream(rows[name], name, found.coords, target)


def _large(run: Run, images: bool) -> Iterator[tuple[str, Rows]]:
    for name, key in run.attributes.items():
        wanted = run.has(key) and (images or run.entry(key).axes[-2:] != IMAGE)
        rows = large(run, key) if wanted else None
        if rows is not None:
            yield name, rows


def _stream(rows: Rows, name: str, coordinates: Any, target: Any) -> None:
    """Write a variable as xarray would, a block at a time."""
    axes = dimensions(rows.run, name)
    for axis, size in zip(axes, rows.shape, strict=True):
        if axis not in target.dimensions:
            target.dimensions[axis] = size
    about = attributes_of(rows.run, rows.key)
    beside = [other for other in coordinates if other not in coordinates.dims
              and set(coordinates[other].dims) <= set(axes)]  # fmt: skip
    if beside:
        about["coordinates"] = " ".join(beside)
    dtype = rows.dtype
    if dtype.kind == "b":  # which NetCDF has not
        dtype, about["dtype"] = np.dtype(np.int8), "bool"
    parts = _PARTS if dtype.kind == "c" else _WHOLE
    written = {}
    for part, part_of in parts.items():
        stored = part_of(np.empty(0, dtype)).dtype
        written[part] = target.create_variable(name + part, axes, stored)
        written[part].attrs.update(about)
    for place, block in rows.blocks():
        for part, part_of in parts.items():
            written[part][place] = part_of(block)
