"""Results files of real runs that somebody harmed, and commands that read them.

A command must answer in a sentence, or rightly: below 2 GB and ten seconds.
"""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
import time
from ast import literal_eval
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from ccqed_ctrl import cli
from ccqed_ctrl.journal import SUFFIX, Journal

from .hostile_files import deflated, limited

#: Bytes of memory, and seconds of the processor, that a command may take.
MEMORY, SECONDS = 2 * 2**30, 10
_GIANT = {"__jsonclass__": ["Fraction", ["1e999999999", 1]]}
_SCALAR = {"__jsonclass__": ["npscalar", ["float64", ""]]}


def put(file, key, value):
    if key in file:
        del file[key]
    file[key] = value


def expid(file, value):
    text = json.loads(file["expid"][()])
    put(file, "expid", json.dumps(text | {"arguments": {"shots": value}}))


def giant_fraction(file):  # hours
    expid(file, _GIANT)


def giant_integers(file):  # hours
    big = 10**4000
    expid(file, {"__jsonclass__": ["Fraction", [big + 1, big]]})


def giant_fraction_of_version_1(file):
    put(file, "expid", '{"arguments": {"shots": Fraction("1e999999999")}}')


def empty_scalar(file):  # IndexError
    expid(file, _SCALAR)


def deep_expid(file):  # RecursionError
    put(file, "expid", "[" * 100_000 + "]" * 100_000)


def deep_schema(file):
    put(file, "datasets/schema", "[" * 100_000 + "]" * 100_000)


def deep_sources(file):
    put(file, "datasets/belief.sources", "[" * 100_000 + "]" * 100_000)


def nul_in_texts(file):
    put(file, "datasets/status", np.bytes_(b"o\0k"))
    put(file, "datasets/summary.memory", np.bytes_(b"he\0art"))
    put(file, "artiq_version", np.bytes_(b"\x1b[2J\0"))


def lone_surrogates(file):
    expid(file, "\ud800")
    put(file, "datasets/summary.memory", np.bytes_(b"\xed\xa0\x80"))
    group = file["datasets"]
    group.id.links.create_hard(b"summary.\xff", group.id, b"backend")


def surrogate_class(file):
    text = json.loads(file["expid"][()]) | {"class_name": "\ud800[red]"}
    put(file, "expid", json.dumps(text))


def done_too_much(file):
    put(file, "datasets/progress.done", 10**12)


def done_negative(file):
    put(file, "datasets/progress.done", -5)


def done_real(file):
    put(file, "datasets/progress.done", 1.5)


def done_text(file):
    put(file, "datasets/progress.done", "two")


def done_array(file):
    put(file, "datasets/progress.done", [1, 2])


def infinite_start(file):
    put(file, "start_time", np.inf)


def negative_rid(file):
    put(file, "rid", -(2**63))


def huge_scan(file):
    put(file, "datasets/plan.scan_shape", [2**31, 2**31])


def point_beyond(file):
    put(file, "datasets/shot.point", [10**9, -(10**9)])


def not_numbers(file):
    for key in ("shot.overlaps", "shot.spins"):
        shape, dtype = (getattr(file[f"datasets/{key}"], n) for n in ("shape", "dtype"))
        value = np.full(shape, np.nan if dtype.kind == "f" else -128)
        put(file, f"datasets/{key}", value.astype(dtype))


def settings_out_of_range(file):
    for key in file["datasets"]:
        if key.startswith("settings.") and file[f"datasets/{key}"].dtype.kind == "f":
            put(file, f"datasets/{key}", 1e300)


def settings_huge_counts(file):
    for key in file["datasets"]:
        if key.startswith("settings.") and file[f"datasets/{key}"].dtype.kind == "i":
            put(file, f"datasets/{key}", 2**62)


def many_scalars(file):  # 20,000
    for index in range(20_000):
        file[f"datasets/x{index}"] = index


def long_name(file):
    file["datasets/" + "summary." + "n" * 60_000] = 1.0


def foreign_gigabyte(file):  # 1 GB honestly written, in a file of few MB
    zeros = deflated(2**24)
    for index in range(64):
        made = file.create_dataset(
            f"datasets/x{index}", (2**24,), "u1", chunks=(2**24,), compression=9
        )
        made.id.write_direct_chunk((0,), zeros)


def large_chunk_of_frames(file):  # 2 GB of memory in a chunk of 2 MB
    shape = file["datasets/shot.frames"].shape
    del file["datasets/shot.frames"]
    made = file.create_dataset(
        "datasets/shot.frames", shape, "u2", chunks=(2, *shape[1:]), compression=9
    )
    made.id.write_direct_chunk((0,) * len(shape), deflated(2**31))


def attributes(file):  # a label of another file's shape, and a scale of itself
    frames = file["datasets/shot.frames"]
    for index in range(200):
        frames.attrs[f"a{index}"] = "t" * 1000
    frames.attrs["DIMENSION_LIST"] = [1, 2]
    frames.attrs["CLASS"] = "DIMENSION_SCALE"


def dangling_scales(file):
    frames = file["datasets/shot.overlaps"]
    for name in ("DIMENSION_LIST", "DIMENSION_LABELS", "REFERENCE_LIST"):
        if name in frames.attrs:
            del frames.attrs[name]
        frames.attrs[name] = np.arange(3)


def foreign_everything(file):
    file["datasets/complex"] = [1j]
    file["datasets/enum"] = np.array([1], h5py.enum_dtype({"a": 1}, "i1"))
    file["datasets/opaque"] = np.array([b"x"], "V1")
    file["datasets/empty"] = h5py.Empty("f")
    file["datasets/time"] = np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")])
    file["datasets/half"] = np.array([1], "f2")
    file["datasets/long"] = np.array([1], np.longdouble)
    file["datasets/group/shot.frames"] = 1
    file["datasets/.."] = 3
    file["datasets/a b\n"] = 3
    file["datasets/class"] = 3


def link_in_datasets(file):
    file["datasets/away"] = h5py.ExternalLink("/etc/passwd", "/")
    file["datasets/loop"] = h5py.SoftLink("/datasets/loop")


def journal_elsewhere(file):
    for name, value in (
        ("name", "../../../../etc/passwd"), ("folder", "/etc"), ("sha256", "0"),
    ):  # fmt: skip
        put(file, f"datasets/journal.{name}", value)
    del file["datasets/shot.frames"]


def with_journal(file, harm):
    """Have the frames in a journal beside the file, and harm it."""
    path = Path(file.filename)
    frames = file["datasets/shot.frames"][()]
    journal = path.with_suffix(SUFFIX)
    with Journal.create(journal) as made:
        for shot, value in enumerate(frames):
            made.append(shot, {"shot.frames": value})
    del file["datasets/shot.frames"]
    put(file, "datasets/journal.name", journal.name)
    put(file, "datasets/journal.folder", str(path.parent))
    harm(journal)


def journal_cut(file):
    with_journal(file, lambda path: path.write_bytes(path.read_bytes()[:9000]))


def journal_of_another_program(file):
    def harm(path):
        path.unlink()
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE row (a)")

    with_journal(file, harm)


def said(statement):
    """Return what harms a journal by a statement."""

    def harm(path):
        database = sqlite3.connect(path)
        database.executescript(statement)
        database.commit()
        database.close()

    return harm


def journal_without_tables(file):
    with_journal(file, said("DROP TABLE row"))


def journal_of_objects(file):
    with_journal(file, said("UPDATE row SET dtype = '|O'"))


def journal_of_deep_text(file):
    deep = "[" * 100_000
    with_journal(file, said(f"UPDATE row SET dtype = 'text', data = '{deep}'"))


def journal_of_other_shapes(file):
    with_journal(file, said("UPDATE row SET shape = '[-1, -2]'"))


def journal_of_wrong_types(file):
    with_journal(file, said("UPDATE row SET dtype = 7, shape = 'null', data = 3"))


def journal_of_one_gigabyte(file):
    with_journal(file, said("UPDATE row SET data = zeroblob(900000000)"))


def journal_of_texts(file):
    with_journal(file, said("UPDATE row SET dtype = 'text', data = '\"a\"'"))


def journal_that_computes(file):  # a view without an end, in place of the rows
    with_journal(
        file,
        said(
            "DROP TABLE row; CREATE VIEW row AS WITH RECURSIVE n(i) AS "
            "(SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT i AS shot, "
            "'shot.frames' AS key, '<u2' AS dtype, '[]' AS shape, x'0000' AS data "
            "FROM n"
        ),
    )


#: Each is called with an open copy of the file of a real run.
HARMS = (
    giant_fraction, giant_integers, giant_fraction_of_version_1, empty_scalar,
    deep_expid, deep_schema, deep_sources, nul_in_texts, lone_surrogates,
    surrogate_class, done_too_much, done_negative, done_real, done_text, done_array,
    infinite_start, negative_rid, huge_scan, point_beyond, not_numbers,
    settings_out_of_range, settings_huge_counts, many_scalars, long_name,
    foreign_gigabyte, large_chunk_of_frames, attributes, dangling_scales,
    foreign_everything, link_in_datasets, journal_elsewhere, journal_cut,
    journal_of_another_program, journal_without_tables, journal_of_objects,
    journal_of_deep_text, journal_of_other_shapes, journal_of_wrong_types,
    journal_of_one_gigabyte, journal_of_texts, journal_that_computes,
)  # fmt: skip


def harmed(innocent, harm, folder):
    """Return a copy of a results file that was harmed, in a folder of its own."""
    folder.mkdir(parents=True)
    path = folder / "000000001-Recall.h5"
    shutil.copyfile(innocent, path)
    with h5py.File(path, "r+") as file:
        harm(file)
    return path


def questions(path, innocent):
    """Yield the arguments of every command that reads a results file."""
    folder = path.parent
    yield "show", path, "-o", folder / "o.png"
    yield "show", path, "--shot", "-1", "-o", folder / "o.png"
    yield ("analyse", path)
    yield ("ls", folder)
    for suffix in ("nc", "csv", "h5"):
        yield "export", path, "-o", folder.parent / f"o.{suffix}"
    yield ("table", folder)
    yield "compare", path, innocent
    yield ("recover", path.with_suffix(SUFFIX))


def mutilated(innocent, seed, folder):
    """Return a copy that ends somewhere, or has bits turned, as the seed says.

    Every second time what lies at the front, where HDF5 keeps its structures.
    """
    chance = np.random.default_rng(seed)
    content = bytearray(innocent.read_bytes())
    if seed % 4 == 0:
        del content[chance.integers(len(content)) :]
    else:
        reach = len(content) if seed % 2 else 2**15
        for place in chance.integers(reach, size=chance.integers(1, 20)):
            content[place] ^= 1 << chance.integers(8)
    folder.mkdir(parents=True)
    path = folder / "000000001-Recall.h5"
    path.write_bytes(content)
    return path


class Answer(NamedTuple):
    """How a command ended: its exit code, output, bytes of memory and seconds."""

    code: int
    text: str
    memory: int
    seconds: float


def fault(*arguments):
    """Ask a command; return what is wrong with its answer, or an empty text."""
    answer = limited(_answer, *arguments, seconds=3 * SECONDS)
    if not answer.startswith("Answer("):
        return answer
    found = Answer(*_fields(answer))
    if "Traceback" in found.text or found.code not in (0, 1, 2):
        return f"code {found.code}: {found.text[-300:]}"
    if found.code == 2 and len(found.text.splitlines()) != 1:
        return f"no sentence: {found.text[-300:]}"
    if found.memory > MEMORY or found.seconds > SECONDS:
        return f"{found.memory / 1e9:.2f} GB, {found.seconds:.1f} s"
    return ""


def _fields(answer):
    return literal_eval(answer.removeprefix("Answer"))


def _answer(*arguments):
    out, started = StringIO(), time.process_time()
    with redirect_stdout(out), redirect_stderr(out):
        try:
            code = cli.main([str(each) for each in arguments])
        except SystemExit as ended:
            code = ended.code
    seconds = time.process_time() - started
    memory = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return "Answer" + repr((code, out.getvalue()[-600:], memory, seconds))
