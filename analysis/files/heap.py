"""Texts, read from HDF5's global heap without the library.

One damaged word of a heap, such as a size of zero, makes libhdf5 (2.0.0, h5py 3.16)
run in circles for ever, which nothing can catch; and references to one text may repeat
it without end. So the collections that texts lie in are walked here (HDF5 file format
specification 3.0, section III.E).
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

import h5py

from .storage import LARGEST, MOST

#: A text as a dataset stores it: length, address of its collection, index there.
_REFERENCE = struct.Struct("<IQI")
#: Start of a collection: signature, version, reserved, size with this header.
_COLLECTION = struct.Struct("<4sB3xQ")
#: Start of an object: index (0: the free rest), references, reserved, size.
_OBJECT = struct.Struct("<HHIQ")


class Heap:
    """The texts of one file; each collection is walked once, as far as is asked for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._collections: dict[int, _Collection] = {}

    def texts(self, dataset: h5py.Dataset) -> list[str]:
        """Return a dataset's texts, flat; bytes that are no UTF-8 are replaced.

        Raises
        ------
        ValueError
            A damaged heap, too many texts, or a layout that ours never have.
        """
        count = math.prod(dataset.shape)
        if count > MOST:
            raise ValueError(f"it declares {count} texts; at most {MOST} are read")
        stored = b"".join(_pieces(self._file, dataset, count))
        return self._decoded(stored, count)

    def _decoded(self, stored: bytes, count: int) -> list[str]:
        stored = stored[: count * _REFERENCE.size]
        if len(stored) < count * _REFERENCE.size:
            raise ValueError("it lies beyond the file's end")
        references = list(_REFERENCE.iter_unpack(stored))
        # An array of NumPy gives each text the room of the longest, 4 bytes a letter.
        if (
            4 * count * max((length for length, _, _ in references), default=0)
            > LARGEST
        ):
            raise ValueError(f"its texts take more than {LARGEST} bytes")
        return [self._text(*each).decode(errors="replace") for each in references]

    def text(self, place: int) -> str:
        """Return the text that a place in the file refers to.

        Raises
        ------
        ValueError
            A damaged heap, or a text that is too long.
        """
        self._file.seek(place)
        return self._decoded(self._file.read(_REFERENCE.size), 1)[0]

    def _text(self, length: int, address: int, index: int) -> bytes:
        if length == 0:
            return b""
        if address not in self._collections:
            self._collections[address] = _Collection(self._file, address)
        text = self._collections[address].find(index)[:length]
        if len(text) < length:
            raise ValueError("it points to a damaged heap")
        return text.partition(b"\0")[0]  # as the library ends texts


def _pieces(file: BinaryIO, dataset: h5py.Dataset, count: int) -> Iterator[bytes]:
    """Yield the stored references of a contiguous or plainly chunked dataset."""
    offset = dataset.id.get_offset()
    if offset is not None:
        places = [(offset, count * _REFERENCE.size)]
    elif dataset.chunks and dataset.ndim == 1 and not dataset.compression:
        infos: list[h5py.h5d.StoreInfo] = []
        dataset.id.chunk_iter(infos.append)
        infos.sort(key=lambda info: info.chunk_offset)
        places = [(info.byte_offset, info.size) for info in infos]
    else:
        raise ValueError("it holds texts in an unusual layout")
    for start, size in places:
        file.seek(start)
        yield file.read(size)


class _Collection:
    """The objects of one collection by index, walked as far as it is sound."""

    def __init__(self, file: BinaryIO, address: int) -> None:
        self._content = _content(file, address)
        self._place = 0
        self._found: dict[int, tuple[int, int]] = {}

    def find(self, index: int) -> bytes:
        """Return an object, empty where there is none."""
        found, content, place = self._found, self._content, self._place
        last = len(content) - _OBJECT.size
        while index not in found and place <= last:
            each, _, _, length = _OBJECT.unpack_from(content, place)
            place += _OBJECT.size
            if each == 0 or place + length > len(content):  # the free rest, or damage
                place = len(content)
                break
            found.setdefault(each, (place, length))
            place += -(-length // 8) * 8
        self._place = place
        start, length = found.get(index, (0, 0))
        return content[start : start + length]


def _content(file: BinaryIO, address: int) -> bytes:
    """Return a collection without its header, nothing where there is none."""
    end = file.seek(0, os.SEEK_END)
    if address + _COLLECTION.size > end:
        return b""
    file.seek(address)
    signature, version, size = _COLLECTION.unpack(file.read(_COLLECTION.size))
    if signature != b"GCOL" or version != 1 or address + size > end:
        return b""
    return file.read(max(0, size - _COLLECTION.size))
