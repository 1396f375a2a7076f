"""Checking HDF5's global heap, where texts live, before the library walks it.

A damaged heap makes libhdf5 (2.0 and before) run in circles or into foreign memory;
nothing can catch that. So the heap collections that a dataset of texts points to are
walked here first (HDF5 file format specification 3.0, section III.E).
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

import h5py

from ccqed_ctrl.errors import ResultsError

#: A text as a dataset stores it: length, address of its collection, index there.
_REFERENCE = struct.Struct("<IQI")
#: Start of a collection: signature, version, reserved, size with this header.
_COLLECTION = struct.Struct("<4sB3xQ")
#: Start of an object: index (0: the free rest), references, reserved, size.
_OBJECT = struct.Struct("<HHIQ")


def check_texts(path: Path, key: str, dataset: h5py.Dataset) -> None:
    """Refuse a dataset of variable texts whose heap cannot be walked.

    Raises
    ------
    ResultsError
        A text outside its collection, or a collection that is none.
    """
    offset = dataset.id.get_offset()
    count = dataset.size
    if offset is None or not count:
        raise ResultsError(f"{path.name}: {key} holds texts in an unusual layout")
    known: dict[int, dict[int, int]] = {}
    with path.open("rb") as file:
        file.seek(offset)
        stored = file.read(count * _REFERENCE.size)
        if len(stored) < count * _REFERENCE.size:
            raise ResultsError(f"{path.name}: {key} lies beyond the file's end")
        for length, address, index in _REFERENCE.iter_unpack(stored):
            if length == 0:
                continue
            if address not in known:
                known[address] = _objects(file, address)
            if known[address].get(index, -1) < length:
                raise ResultsError(f"{path.name}: {key} points to a damaged heap")


def _objects(file: BinaryIO, address: int) -> dict[int, int]:
    """Return the sizes of a collection's objects by index; empty if it is damaged."""
    end = file.seek(0, os.SEEK_END)
    if address + _COLLECTION.size > end:
        return {}
    file.seek(address)
    signature, version, size = _COLLECTION.unpack(file.read(_COLLECTION.size))
    if signature != b"GCOL" or version != 1 or address + size > end:
        return {}
    content = file.read(max(0, size - _COLLECTION.size))
    found: dict[int, int] = {}
    place = 0
    while place + _OBJECT.size <= len(content):
        index, _, _, length = _OBJECT.unpack_from(content, place)
        if index == 0:  # the free rest, its own header counted
            return found if place + length == len(content) else {}
        place += _OBJECT.size + -(-length // 8) * 8
        if place > len(content) or index in found:
            return {}
        found[index] = length
    return found
