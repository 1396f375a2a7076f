"""Files that crash, hang or fill the memory of h5py, and a process that may.

What h5py 3.16 with HDF5 2.0.0 does with each `datasets/x`, unguarded, is said beside.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import zlib

import h5py
import numpy as np

from ccqed_ctrl.errors import CcqedError

X = "datasets/x"


def unwritten(file):  # 256 MB of zeros that nobody measured
    file.create_dataset(X, (2**27,), "u2")


def partly_written(file):  # zeros that nobody measured
    file.create_dataset(X, (4, 64), "u2", chunks=(1, 64))[:2] = 1


def many_chunks(file):  # 2 GB of memory for 4 MB, all of it written
    size = 500_000
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_chunk((1, 1))
    layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    create(file, (1, size), layout)


def deflated(size):
    """Return zeros, deflated, without making them: blocks of 1 MB are repeated."""
    pack = zlib.compressobj(9)
    first, block = (
        pack.compress(bytes(2**20)) + pack.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    checksum = (size % 65521) << 16 | 1  # Adler-32 of zeros
    end = zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    return first + block * ((size >> 20) - 1) + end + checksum.to_bytes(4, "big")


def huge(file):  # 4 GB of honest zeros in 5 MB
    shape, chunk = (1, 2**32), (1, 2**20)
    made = file.create_dataset(X, shape, "u1", chunks=chunk, compression=9)
    block = deflated(2**20)
    for start in range(0, shape[1], chunk[1]):
        made.id.write_direct_chunk((0, start), block)


def large_chunk(file):  # 2 GB of memory for a row of 2 MB
    made = file.create_dataset(
        X, (10**3, 1), "u2", chunks=(10**3, 2**20), maxshape=(None, None), compression=9
    )
    made.id.write_direct_chunk((0, 0), deflated(2**31))


def inflating_chunk(file):  # 2.5 GB of memory for a row of 512 kB
    made = file.create_dataset(X, (8, 2**22), "u1", chunks=(1, 2**22), compression=9)
    made[:] = 1
    made.id.write_direct_chunk((0, 0), deflated(5 * 2**29))


def deflated_twice(file):  # 2.5 GB of memory for a row of 4 MB
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_chunk((1, 2**22))
    for _ in range(2):
        layout.set_filter(h5py.h5z.FILTER_DEFLATE, 0, (9,))
    made = create(file, (1, 2**22), layout)
    made.write_direct_chunk((0, 0), zlib.compress(deflated(5 * 2**29), 9))


def external_link(file):  # another file's data
    file[X] = h5py.ExternalLink(file.filename.replace("x.h5", "other.h5"), "/x")


def link_to_a_pipe(file):  # waits for ever
    file[X] = h5py.ExternalLink(pipe(file), "/x")


def soft_link(file):  # through an external one: another file's data
    file["away"] = h5py.ExternalLink(file.filename.replace("x.h5", "other.h5"), "/")
    file[X] = h5py.SoftLink("/away/x")


def external_storage(file):  # the content of /etc/passwd
    file.create_dataset(X, (24,), "u1", external=[("/etc/passwd", 0, 24)])


def stored_in_a_pipe(file):  # waits for ever
    file.create_dataset(X, (24,), "u1", external=[(pipe(file), 0, 24)])


def virtual(file):  # zeros, where the other file is missing
    virtual_of(file, "nowhere.h5")


def virtual_of_itself(file):  # SIGSEGV
    virtual_of(file, ".")


def sequences(file):  # objects; their heap may be damaged as that of texts
    file.create_dataset(X, (1,), h5py.vlen_dtype(np.int64))[0] = [1, 2]


def references(file):  # objects
    file.create_dataset(X, (1,), h5py.regionref_dtype)


def texts_in_a_structure(file):  # objects
    kind = np.dtype([("a", "i4"), ("b", h5py.string_dtype())])
    file.create_dataset(X, (1,), kind)[0] = (1, "t")


def damaged_heap(file):  # for ever in circles: a size of zero
    file[X] = "a text"
    return lambda path: overwrite_heap(path, 24, bytes(8))


def repeated_text(file):  # 60 GB of texts in 2 MB
    made = file.create_dataset(X, (60_000,), h5py.string_dtype())
    made[:] = ["t" * 2**20] + [""] * 59_999
    where = made.id.get_offset()

    def repeat(path):
        content = bytearray(path.read_bytes())
        content[where : where + 16 * 60_000] = content[where : where + 16] * 60_000
        path.write_bytes(content)

    return repeat


def many_texts(file):  # minutes
    file.create_dataset(X, (10**7,), h5py.string_dtype())[0] = "t"


#: Builders, and what the error says.
HOSTILE = {
    huge: "at most",
    unwritten: "never written",
    partly_written: "never written",
    many_chunks: "chunks of",
    large_chunk: "chunks of",
    inflating_chunk: "holds more than it declares",
    deflated_twice: "only gzip",
    external_link: "is a link",
    link_to_a_pipe: "is a link",
    soft_link: "is a link",
    external_storage: "in other files",
    stored_in_a_pipe: "in other files",
    virtual: "in other files",
    virtual_of_itself: "in other files",
    sequences: "no plain type",
    references: "no plain type|never written",
    texts_in_a_structure: "no plain type",
    damaged_heap: "damaged heap",
    repeated_text: "more than",
    many_texts: "at most",
}


def build(builder, path):
    """Write the file of a builder beside an innocent one."""
    with h5py.File(path.with_name("other.h5"), "w") as file:
        file["x"] = [1, 2, 3]
    with h5py.File(path, "w", libver=("v110", "latest")) as file:
        file["datasets/good"] = 7
        damage = builder(file)
    if damage:
        damage(path)
    return path


def overwrite_heap(path, place, word):
    content = bytearray(path.read_bytes())
    start = content.index(b"GCOL") + place
    content[start : start + len(word)] = word
    path.write_bytes(content)


def create(file, shape, layout):
    """Create X of bytes with a layout of its own."""
    links = h5py.h5p.create(h5py.h5p.LINK_CREATE)
    links.set_create_intermediate_group(True)
    space = h5py.h5s.create_simple(shape)
    kind = h5py.h5t.NATIVE_UINT8
    return h5py.h5d.create(file.id, X.encode(), kind, space, layout, links)


def pipe(file):
    path = file.filename + ".pipe"
    os.mkfifo(path)
    return path


def virtual_of(file, other):
    layout = h5py.VirtualLayout((3,), "i8")
    layout[:] = h5py.VirtualSource(other, X, (3,))
    file.create_virtual_dataset(X, layout)


_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    [
        "analysis.record_commands", "analysis.analyse_command", "analysis.commands",
        "analysis.recover_command", "xarray.backends", "h5netcdf",
        "tests.analysis.hostile_results",
    ]
)  # fmt: skip


def limited(function, *arguments, seconds=10):
    """Return what a function returns, or the error it raises, as text.

    It runs in a process of 2 GB and `seconds` of its own; a signal's name if that ends
    it: SIGXCPU, SIGALRM (it waited for something) or SIGSEGV.
    """
    ours, theirs = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(
        target=_answer, args=(theirs, seconds, function, *arguments)
    )
    process.start()
    theirs.close()
    process.join()
    if process.exitcode:
        return signal.Signals(-process.exitcode).name
    return ours.recv()


def _answer(answers, seconds, function, *arguments):
    resource.setrlimit(resource.RLIMIT_AS, (2 * 2**30, 2 * 2**30))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    # Other programs may keep the processor, but a wait must end.
    signal.alarm(10 * seconds)
    try:
        answer = str(function(*arguments))
    except CcqedError as error:
        answer = f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001  what the library itself says
        answer = f"unguarded {type(error).__name__}: {error}"
    answers.send(answer[:1000])
