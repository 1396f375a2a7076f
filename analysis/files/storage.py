"""How a dataset is stored, judged before HDF5 reads it.

h5py 3.16 with HDF5 2.0 opens whatever another file, a pipe or /etc/passwd a dataset
names, crashes on a virtual dataset of itself, takes 2 GB for 500,000 chunks of 8 bytes,
and lets a chunk inflate to any size, whatever it declares.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

import h5py
from h5py import h5z

#: Bytes that one read may ask for; a shot's row is far below.
LARGEST: Final = 2**29
#: Chunks of a dataset (libhdf5 takes 4 kB for each), texts that one read may gather.
MOST: Final = 2**17
#: Chunks that are looked up singly; each lookup visits all chunks.
_FEW: Final = 64
#: Filters whose output is bounded: deflate is tried first, these change no size.
_FILTERS: Final = (h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32)
#: Bytes of a checksum, which may be deflated with its chunk.
_CHECKSUM: Final = 4


def check(dataset: h5py.Dataset, rows: range | None, itemsize: int) -> None:
    """Refuse a dataset, or rows of its first axis, that is not safely read.

    Parameters
    ----------
    itemsize : int
        Bytes of an element in the file.

    Raises
    ------
    ValueError
        Stored elsewhere, empty, too large, never written, or more than it declares.
    """
    shape = dataset.shape
    if shape is None:
        raise ValueError("it is empty")
    asked = shape if rows is None else (len(rows), *shape[1:])
    size = math.prod(asked) * itemsize
    if size > LARGEST:
        raise ValueError(
            f"it declares {shape}, {size:.3g} bytes; at most {LARGEST} are read at once"
        )
    if dataset.id.get_offset() is not None:  # in one piece, and in this file
        return
    layout = dataset.id.get_create_plist()
    if layout.get_external_count() or layout.get_layout() == h5py.h5d.VIRTUAL:
        raise ValueError("it is stored in other files")
    if size and layout.get_layout() == h5py.h5d.CHUNKED:
        _check_chunks(dataset, layout, itemsize, rows)
    elif size and not dataset.id.get_storage_size():
        raise ValueError(f"it declares {shape}, but was never written")


def _check_chunks(
    dataset: h5py.Dataset, layout: h5py.h5p.PropDCID, itemsize: int, rows: range | None
) -> None:
    shape, chunk = dataset.shape, layout.get_chunk()
    plain = math.prod(chunk) * itemsize
    filters = [layout.get_filter(each)[0] for each in range(layout.get_nfilters())]
    if not set(filters) <= set(_FILTERS) or len(set(filters)) < len(filters):
        raise ValueError(f"only gzip is read; it has the HDF5 filters {filters}")
    total = math.prod(-(-size // part) for size, part in zip(shape, chunk, strict=True))
    if total > MOST or plain > LARGEST:
        raise ValueError(f"it is in {total} chunks of {plain} bytes")
    places = [range(0, *sizes) for sizes in zip(shape, chunk, strict=True)]
    if rows is not None:
        places[0] = range(rows.start - rows.start % chunk[0], rows.stop, chunk[0])
    count = math.prod(len(along) for along in places)
    written = list(_written(dataset, places, count))
    if len(written) < count:
        raise ValueError(f"it declares {shape}, but was never written, or in part")
    for stored in written if h5z.FILTER_DEFLATE in filters else ():
        skipped = stored.filter_mask >> filters.index(h5z.FILTER_DEFLATE) & 1
        content = dataset.id.read_direct_chunk(stored.chunk_offset)[1]
        if not skipped and _inflates(content, plain + _CHECKSUM):
            place = stored.chunk_offset
            raise ValueError(f"its chunk at {place} holds more than it declares")


def _written(
    dataset: h5py.Dataset, places: Sequence[range], count: int
) -> Iterable[h5py.h5d.StoreInfo]:
    """Return where the `count` chunks at some places are, those that were written."""
    if count <= _FEW:
        single = map(dataset.id.get_chunk_info_by_coord, itertools.product(*places))
        return (stored for stored in single if stored.byte_offset is not None)
    found: list[h5py.h5d.StoreInfo] = []
    dataset.id.chunk_iter(found.append)
    return (stored for stored in found if stored.chunk_offset[0] in places[0])


def _inflates(content: bytes, most: int) -> bool:
    """Tell whether deflated bytes are more than `most`, or damaged."""
    try:
        return len(zlib.decompressobj().decompress(content, most + 1)) > most
    except zlib.error:
        return True
