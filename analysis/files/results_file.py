"""HDF5 results files, read with suspicion: nothing huge, no links, no evaluation.

Three writers share one layout: `artiq_master` (groups `datasets` and `archive`, run
facts as root keys, the expid as PYON), the embedded host (the same and a group
`ccqed`), and `artiq_run -o` (the two groups alone).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np

from ccqed_ctrl.errors import CcqedError, ResultsError, SchemaError

from .heap import check_texts

#: Bytes that one read may ask for; a shot's row is far below.
LARGEST: Final = 2**30
#: Groups in groups, as keys with slashes make them, are followed so far.
DEEPEST: Final = 16
#: What h5py raises for files that contradict themselves.
_REFUSALS = (OSError, RuntimeError, ValueError, TypeError, KeyError, OverflowError)


class ResultsFile:
    """One open HDF5 file; every problem is an error that names the file."""

    def __init__(self, file: h5py.File, path: Path) -> None:
        self.path = path
        self._file = file
        self._found: dict[str, Any] = {"": file}

    @contextmanager
    def guard(self, key: str) -> Iterator[None]:
        """Turn what h5py raises for damaged files into an error naming the file."""
        try:
            yield
        except CcqedError:
            raise
        except _REFUSALS as error:
            message = f"{self.path.name}: {key} cannot be read: {error}"
            raise ResultsError(message) from error

    def find(self, key: str) -> h5py.Dataset | None:
        """Return the dataset at a path, None if there is none.

        Raises
        ------
        SchemaError
            It is no plain dataset of this file: a link or a group.
        ResultsError
            The file is damaged.
        """
        with self.guard(key):
            node = self._node(key)
        if node is not None and not isinstance(node, h5py.Dataset):
            raise SchemaError(f"{self.path.name}: {key} is no dataset")
        return node

    def read(self, key: str, dataset: h5py.Dataset, index: int | None = None) -> Any:
        """Return a dataset, or row `index` of its first axis; texts as str.

        Raises
        ------
        ResultsError
            More than `LARGEST` bytes, stored in other files, or damaged.
        """
        with self.guard(key):
            self._check_storage(key, dataset, index)
            value = dataset[()] if index is None else dataset[index]
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        if isinstance(value, np.ndarray) and value.dtype == object:
            return [_text(item) for item in value.ravel()]
        return value.item() if isinstance(value, np.generic) else value

    def scalar(self, key: str, *kinds: type) -> Any:
        """Return the scalar at a path, None without one.

        Raises
        ------
        SchemaError
            It is there, but of none of the types `kinds`.
        ResultsError
            It cannot be read.
        """
        dataset = self.find(key)
        if dataset is None:
            return None
        value = self.read(key, dataset)
        if not isinstance(value, kinds):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise SchemaError(
                f"{self.path.name}: {key} must be {wanted}; it is "
                f"{type(value).__name__}"
            )
        return value

    def has_group(self, name: str) -> bool:
        """Tell whether the root holds a group of that name."""
        with self.guard(name):
            return isinstance(self._node(name), h5py.Group)

    def datasets(self, group: str = "datasets") -> dict[str, h5py.Dataset]:
        """Return all plain datasets below a group by key; links are left out.

        Raises
        ------
        ResultsError
            Groups in themselves, or nested deeper than keys need; or damaged.
        """
        if not self.has_group(group):
            return {}
        with self.guard(group):
            return dict(self._walk(self._file[group], "", set()))

    def _walk(
        self, group: h5py.Group, prefix: str, seen: set[int]
    ) -> Iterator[tuple[str, h5py.Dataset]]:
        address = h5py.h5o.get_info(group.id).addr
        if address in seen or prefix.count("/") > DEEPEST:
            raise ResultsError(
                f"{self.path.name}: group {prefix[:80]} is inside itself, or nested "
                f"more than {DEEPEST} deep"
            )
        seen.add(address)
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            node = group[name]
            if isinstance(node, h5py.Dataset):
                yield prefix + name, node
            elif isinstance(node, h5py.Group):
                yield from self._walk(node, f"{prefix}{name}/", seen)

    def _node(self, key: str) -> Any:
        """Return what is at a path, None if nothing is; refuse links."""
        if key not in self._found:
            parent, _, name = key.rpartition("/")
            group = self._node(parent)
            inside = isinstance(group, h5py.Group)
            link = group.get(name, getlink=True) if inside else None
            if link is not None and not isinstance(link, h5py.HardLink):
                raise SchemaError(
                    f"{self.path.name}: {key} is a link ({type(link).__name__}); "
                    "results files hold their data themselves"
                )
            self._found[key] = None if link is None else group[name]
        return self._found[key]

    def _check_storage(
        self, key: str, dataset: h5py.Dataset, index: int | None
    ) -> None:
        shape = dataset.shape if index is None else dataset.shape[1:]
        if shape is None:
            raise ResultsError(f"{self.path.name}: {key} is empty")
        size = math.prod(shape) * dataset.dtype.itemsize
        if dataset.external or dataset.is_virtual:
            raise ResultsError(f"{self.path.name}: {key} is stored in other files")
        if size > LARGEST:
            raise ResultsError(
                f"{self.path.name}: {key} declares {shape}, {size:.3g} bytes; at most "
                f"{LARGEST} are read at once"
            )
        if size > 0 and dataset.id.get_storage_size() == 0:
            raise ResultsError(f"{self.path.name}: {key} declares {shape}, holds none")
        if dataset.dtype.hasobject:
            if not _is_text(dataset.dtype):
                raise ResultsError(f"{self.path.name}: {key} is of no plain type")
            check_texts(self.path, key, dataset)


def _is_text(dtype: np.dtype[Any]) -> bool:
    """Tell whether entries are texts of any length, kept in the file's heap."""
    info = h5py.check_string_dtype(dtype)
    return info is not None and info.length is None


def _text(item: Any) -> str:
    return item.decode(errors="replace") if isinstance(item, bytes) else str(item)


@contextmanager
def open_file(path: Path | str) -> Iterator[ResultsFile]:
    """Open any HDF5 file for reading.

    Raises
    ------
    ResultsError
        No such file, or not a complete HDF5 file.
    """
    path = Path(path)
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError as error:
        raise ResultsError(f"no results file {str(path)!r}") from error
    except OSError as error:
        raise ResultsError(
            f"{str(path)!r} is no readable HDF5 file: truncated, a folder, or "
            "something else"
        ) from error
    with file:
        yield ResultsFile(file, path)
