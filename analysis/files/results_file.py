"""HDF5 results files, read with suspicion: nothing huge, no links, no evaluation.

Three writers share one layout: `artiq_master` (groups `datasets` and `archive`, run
facts as root keys, the expid as PYON), the embedded host (the same and a group
`ccqed`), and `artiq_run -o` (the two groups alone).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import h5py
import numpy as np

from ccqed_ctrl.errors import CcqedError, ResultsError, SchemaError

from . import storage
from .heap import Heap

#: Groups in groups, as keys with slashes make them, are followed so far.
DEEPEST: Final = 16
#: What h5py raises for files that contradict themselves.
_REFUSALS = (OSError, RuntimeError, ValueError, TypeError, KeyError, OverflowError)
#: How ARTIQ and we store a number.
_USUAL: Final = (
    (h5py.h5t.STD_I64LE, struct.Struct("<q")),
    (h5py.h5t.IEEE_F64LE, struct.Struct("<d")),
)


class ResultsFile:
    """One open HDF5 file; every problem is an error that names the file."""

    def __init__(self, file: h5py.h5f.FileID, raw: BinaryIO, path: Path) -> None:
        self.path = path
        self._raw, self._heap = raw, Heap(raw)
        self._found: dict[str, Any] = {"": file}
        self._datasets: dict[str, h5py.Dataset] = {}

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

    def has(self, key: str) -> bool:
        """Tell whether there is something at a path, without opening it."""
        parent, _, name = key.rpartition("/")
        with self.guard(key):
            group = self._node(parent)
            inside = isinstance(group, h5py.h5g.GroupID)
            return inside and group.links.exists(name.encode())

    def find(self, key: str) -> h5py.Dataset | None:
        """Return the dataset at a path, None if there is none.

        Raises
        ------
        SchemaError
            It is no plain dataset of this file: a link or a group.
        ResultsError
            The file is damaged.
        """
        node = self._dataset(key)
        if node is None:
            return None
        if key not in self._datasets:
            with self.guard(key):
                self._datasets[key] = h5py.Dataset(node, readonly=True)
        return self._datasets[key]

    def read(self, key: str, dataset: h5py.Dataset, index: int | None = None) -> Any:
        """Return a dataset, or row `index` of its first axis; texts as str.

        Raises
        ------
        ResultsError
            Not safely read (`storage.check`), of no plain type, or damaged.
        """
        with self.guard(key):
            kind = dataset.id.get_type()
            rows = None if index is None else range(index, index + 1)
            storage.check(dataset, rows, kind.get_size())
            value = self._value(dataset, kind, index)
        if isinstance(value, np.ndarray) and value.dtype.kind == "S":
            texts = [_text(item) for item in value.ravel()]
            return _in_shape(texts, value.shape)
        if isinstance(value, bytes):
            return _text(value)
        return value.item() if isinstance(value, np.generic) else value

    def rows(self, key: str, dataset: h5py.Dataset, start: int, stop: int) -> Any:
        """Return rows start to stop, without the last, of an array of numbers.

        Raises
        ------
        ResultsError
            Not safely read (`storage.check`), or damaged.
        """
        with self.guard(key):
            itemsize = dataset.id.get_type().get_size()
            storage.check(dataset, range(start, stop), itemsize)
            return dataset[start:stop]

    def scalar(self, key: str, *kinds: type) -> Any:
        """Return the scalar at a path, None without one.

        Raises
        ------
        SchemaError
            It is there, but of none of the types `kinds`.
        ResultsError
            It cannot be read.
        """
        dataset = self._dataset(key)
        if dataset is None:
            return None
        with self.guard(key):
            value = self._usual(dataset)
        if value is None:
            value = self.read(key, h5py.Dataset(dataset, readonly=True))
        if not isinstance(value, kinds):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise SchemaError(
                f"{self.path.name}: {key} must be {wanted}; it is "
                f"{type(value).__name__}"
            )
        return value

    def names(self, group: str) -> list[str]:
        """Return the names in a group of the root, none without it; opens none."""
        with self.guard(group):
            node = self._node(group)
            return list(h5py.Group(node)) if isinstance(node, h5py.h5g.GroupID) else []

    def has_group(self, name: str) -> bool:
        """Tell whether the root holds a group of that name."""
        with self.guard(name):
            return isinstance(self._node(name), h5py.h5g.GroupID)

    def datasets(self, group: str = "datasets") -> list[str]:
        """Return the keys of all plain datasets below a group; opens none.

        Links are left out, and what has a name that is no text. HDF5 visits each object
        once, so groups inside themselves do no harm.

        Raises
        ------
        ResultsError
            Groups nested deeper than keys need; or damaged.
        """
        found: list[bytes] = []
        if not self.has_group(group):
            return []

        def visit(name: bytes, about: h5py.h5o.ObjInfo) -> bool | None:
            if about.type == h5py.h5o.TYPE_DATASET:
                found.append(name)
            # Whatever is returned ends the visit, which slows down with the depth.
            return True if name.count(b"/") > DEEPEST else None

        with self.guard(group):
            if h5py.h5o.visit(self._node(group), visit, info=True):
                raise ValueError(f"groups are nested more than {DEEPEST} deep")
        return [name.decode() for name in found if _is_text(name)]

    def _node(self, key: str) -> Any:
        """Return what is at a path, None if nothing is; refuse links."""
        if key not in self._found:
            parent, _, name = key.rpartition("/")
            group = self._node(parent)
            inside = isinstance(group, h5py.h5g.GroupID)
            self._found[key] = self._member(group, name) if inside else None
        return self._found[key]

    def _dataset(self, key: str) -> h5py.h5d.DatasetID | None:
        with self.guard(key):
            node = self._node(key)
        if node is not None and not isinstance(node, h5py.h5d.DatasetID):
            raise SchemaError(f"{self.path.name}: {key} is no dataset")
        return node

    def _member(self, group: h5py.h5g.GroupID, name: str) -> Any:
        links = group.links
        if not links.exists(name.encode()):
            return None
        # A link may lead into another file, or into a pipe that nobody writes to.
        if links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
            raise SchemaError(
                f"{self.path.name}: {name} is a link; results files hold their data "
                "themselves"
            )
        return h5py.h5o.open(group, name.encode())

    def _usual(self, dataset: h5py.h5d.DatasetID) -> Any:
        """Return a number or a text that is stored as usual, None of all else.

        h5py takes three times as long, and files are listed by thousands.
        """
        place = dataset.get_offset()
        if place is None:  # not in one piece, or not in this file
            return None
        if dataset.get_space().get_simple_extent_type() != h5py.h5s.SCALAR:
            return None
        kind = dataset.get_type()
        if isinstance(kind, h5py.h5t.TypeStringID):
            return self._heap.text(place) if kind.is_variable_str() else None
        for usual, form in _USUAL:
            if kind.equal(usual):
                self._raw.seek(place)
                content = self._raw.read(form.size)
                if len(content) < form.size:
                    raise ValueError("it lies beyond the file's end")
                return form.unpack(content)[0]
        return None

    def _value(
        self, dataset: h5py.Dataset, kind: h5py.h5t.TypeID, index: int | None
    ) -> Any:
        if isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str():
            texts = _in_shape(self._heap.texts(dataset), dataset.shape)
            return texts if index is None or dataset.ndim == 0 else texts[index]
        # References, sequences and the like are kept in the heap as well.
        if kind.dtype.hasobject:
            raise ValueError("it is of no plain type")
        if dataset.shape == () and kind.dtype.kind in "biuf":
            number = np.empty((), kind.dtype)  # three times as fast as dataset[()]
            dataset.id.read(h5py.h5s.ALL, h5py.h5s.ALL, number)
            return number[()]
        return dataset[()] if index is None else dataset[index]


def _is_text(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(content: bytes) -> str:
    """Return a text, which ends at a NUL as for the library."""
    return content.partition(b"\0")[0].decode(errors="replace")


def _in_shape(texts: list[str], shape: tuple[int, ...]) -> Any:
    """Return flat texts as lists in lists, a single one as itself."""
    return np.array(texts, object).reshape(shape).tolist()


@contextmanager
def open_file(path: Path | str) -> Iterator[ResultsFile]:
    """Open any HDF5 file for reading.

    Raises
    ------
    ResultsError
        No such file, not a complete HDF5 file, or one that is being written.
    """
    path = Path(path)
    if not path.exists():
        raise ResultsError(f"no results file {str(path)!r}")
    try:
        # What is no file may be a pipe, which would be waited for.
        if not path.is_file():
            raise OSError("not a file")
        # As `h5py.File` does, but that takes twice as long.
        file = h5py.h5f.open(os.fsencode(path), h5py.h5f.ACC_RDONLY)
    except BlockingIOError as error:
        raise ResultsError(f"{str(path)!r} is still being written") from error
    except OSError as error:
        raise ResultsError(
            f"{str(path)!r} is no readable HDF5 file: truncated, a folder, or "
            "something else"
        ) from error
    # Which closes all that is open of it, as the identifier alone does not.
    with h5py.File(file), path.open("rb", buffering=0) as raw:
        yield ResultsFile(file, raw, path)


def dtype_of(dataset: h5py.Dataset) -> str:
    """Return the dtype of a dataset as schemas have it; "?" of none of theirs."""
    try:
        stored = dataset.dtype
    except TypeError:  # an HDF5 type that NumPy does not have
        return "?"
    return "str" if h5py.check_string_dtype(stored) is not None else str(stored)


def fits(dataset: h5py.Dataset, dtype: str) -> bool:
    """Tell whether a dataset is of plain values that a schema's dtype can hold."""
    try:
        stored = dataset.dtype
    except TypeError:
        return False
    if dtype == "str":
        return h5py.check_string_dtype(stored) is not None
    if dtype == dtype_of(dataset):  # of no schema: as it is
        return bool(stored.kind in "biufc")
    return bool(stored.kind in "biufc" and np.can_cast(stored, dtype, "same_kind"))
