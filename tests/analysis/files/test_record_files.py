"""Files of three writers are read; damaged, foreign and hostile ones are refused."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime

import h5py
import numpy as np
import pytest

from analysis.files.header import read_header
from analysis.files.records import open_record
from analysis.files.results_file import open_file
from ccqed_ctrl import schema
from ccqed_ctrl.errors import CcqedError, ResultsError, SchemaError

from .. import result_files


def header(path):
    with open_file(path) as file:
        return read_header(file)


def test_a_file_of_the_embedded_host(tmp_path):
    found = header(result_files.embedded(tmp_path / "a.h5", status="terminated"))
    assert (found.writer, found.rid, found.class_name) == ("embedded host", 5, "Recall")
    assert found.started == datetime.fromtimestamp(1.7e9, UTC)
    assert (found.status, found.backend) == ("terminated", "simulation")


@pytest.mark.parametrize("version", [8, 9])
def test_a_file_of_artiq_master(tmp_path, version):
    found = header(result_files.artiq_master(tmp_path / "a.h5", version))
    assert (found.writer, found.rid, found.status) == ("artiq_master", 6, "complete")
    assert dict(found.arguments) == result_files.ARGUMENTS
    assert found.artiq_version == f"{version}.0"


def test_a_file_of_artiq_run(tmp_path):
    changes = {"progress.done": 1}
    found = header(result_files.artiq_run(tmp_path / "mine.h5", **changes))
    assert (found.writer, found.rid, found.started) == ("artiq_run", None, None)
    assert (found.status, found.class_name) == ("incomplete", "?")


def test_another_experiment_has_a_header_but_no_record(tmp_path):
    path = result_files.write(
        tmp_path / "000000003-Rabi.h5", {"counts": [1, 2]}, {"rid": 3}
    )
    found = header(path)
    assert (found.rid, found.class_name, found.status) == (3, "Rabi", "unknown")
    with (
        pytest.raises(SchemaError, match="no dataset 'schema_revision'"),
        open_record(path),
    ):
        pass


def test_foreign_datasets_are_tolerated_and_named(tmp_path):
    path = result_files.embedded(
        tmp_path / "a.h5", **{"lab.temperature": 21.5, "x/y": 3}
    )
    with open_record(path) as record:
        assert set(record.foreign) == {"lab.temperature", "x/y"}
        assert record.get("memory.names") == ["cat", "dog"]
        assert record.shots == 2


def test_rows_are_read_alone(tmp_path):
    path = result_files.embedded(tmp_path / "a.h5", **{"shot.phase": [0.5, 1.5]})
    with open_record(path) as record:
        assert record.row("shot.phase", 1) == 1.5
        for key, index in (("shot.phase", 2), ("shot.phase", -1), ("seed", 0)):
            with pytest.raises(SchemaError, match=f"has no shot {index}"):
                record.row(key, index)


FUTURE = {"schema_revision": schema.REVISION + 1}
CONTRADICTIONS = {
    "future revision": (FUTURE, "schema_revision", "update ccqed-ctrl"),
    "text for a revision": ({"schema_revision": "1"}, "seed", "is not int64"),
    "array for a revision": ({"schema_revision": [1]}, "seed", "shape is"),
    "numbers for names": ({"memory.names": [1, 2]}, "memory.names", "is not str"),
    "floats for spins": ({"shot.spins": np.zeros((2, 4))}, "shot.spins", "not int8"),
    "another N": ({"shot.spins": np.zeros((2, 5), np.int8)}, "shot.spins", "N = 5"),
    "another shape": ({"plan.positions": np.zeros((4, 3))}, "plan.positions", "2 = 3"),
}


@pytest.mark.parametrize(
    ("changes", "key", "message"), CONTRADICTIONS.values(), ids=CONTRADICTIONS
)
def test_files_that_contradict_the_schema(tmp_path, changes, key, message):
    path = result_files.embedded(tmp_path / "a.h5", **changes)
    with (
        pytest.raises(SchemaError, match=message) as error,
        open_record(path) as record,
    ):
        record.get("plan.positions")
        record.get(key)
    assert "a.h5" in str(error.value)


BAD_FACTS = {
    "expid": ("__import__('os').system('touch owned')", "expid is not PYON"),
    "rid": ("five", "rid must be int"),
    "start_time": (1e300, "is no time"),
    "artiq_version": ([1, 2], "artiq_version must be str"),
}


@pytest.mark.parametrize(("key", "fact"), BAD_FACTS.items())
def test_facts_of_the_wrong_kind(tmp_path, monkeypatch, key, fact):
    monkeypatch.chdir(tmp_path)
    value, message = fact
    path = result_files.write(
        tmp_path / "a.h5", result_files.values(), result_files.roots() | {key: value}
    )
    with pytest.raises(SchemaError, match=message):
        header(path)
    assert [found.name for found in tmp_path.iterdir()] == ["a.h5"]


def test_what_is_no_hdf5_file(tmp_path):
    whole = result_files.embedded(tmp_path / "whole.h5").read_bytes()
    contents = {
        "empty.h5": b"",
        "text.h5": b"rid = 5",
        "signature.h5": whole[:8],
        "half.h5": whole[: len(whole) // 2],
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ResultsError, match=name), open_record(tmp_path / name):
            pass
    with pytest.raises(ResultsError, match="no results file"), open_record("none.h5"):
        pass
    with pytest.raises(ResultsError, match="a folder"), open_record(tmp_path):
        pass
    with h5py.File(tmp_path / "bare.h5", "w"):
        pass
    with pytest.raises(SchemaError, match="bare.h5 is no results file"):
        header(tmp_path / "bare.h5")


def test_any_damaged_byte_is_an_error_or_harmless(tmp_path):
    """HDF5 without checksums may return other numbers, but nothing else is raised."""
    whole = result_files.embedded(tmp_path / "whole.h5").read_bytes()
    path = tmp_path / "damaged.h5"
    rng = np.random.default_rng(0)
    refused = 0
    for place in rng.integers(len(whole), size=300):
        damaged = bytearray(whole)
        damaged[place : place + 4] = rng.bytes(4)
        path.write_bytes(damaged)
        try:
            with open_record(path) as record:
                for key in record.keys:
                    record.get(key)
                list(record.foreign)
                str(record.title)
        except CcqedError:
            refused += 1
    assert refused > 0


def replace(path, change):
    with h5py.File(path, "a") as file:
        del file["datasets/shot.frames"]
        change(file)
    return path


def huge(file):
    shape = (2, 2, 10**7, 10**7)
    file.create_dataset("datasets/shot.frames", shape, "u2", chunks=(1, 1, 64, 64))


def hollow(file):
    shape = (2, 2, 4000, 4000)
    file.create_dataset("datasets/shot.frames", shape, "u2", chunks=(1, 1, 64, 64))


def bomb(file):
    shape = (2, 2, 10**5, 10**5)
    made = file.create_dataset(
        "datasets/shot.frames", shape, "u2", chunks=(1, 1, 64, 64), compression="gzip"
    )
    made[0, 0, :64, :64] = 1


def external_link(file):
    file["datasets/shot.frames"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file):
    file["datasets/shot.frames"] = h5py.SoftLink("/datasets/shot.frames")


def external_storage(file):
    file.create_dataset(
        "datasets/shot.frames", (2, 2, 3, 3), "u2", external=[("/etc/passwd", 0, 72)]
    )


def virtual(file):
    layout = h5py.VirtualLayout((2, 2, 3, 3), "u2")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (2, 2, 3, 3))
    file.create_virtual_dataset("datasets/shot.frames", layout)


def group(file):
    file.create_group("datasets/shot.frames")


def named_type(file):
    file["datasets/shot.frames"] = np.dtype("u2")


def nothing(file):
    file["datasets/shot.frames"] = h5py.Empty("u2")


def structure(file):
    file["datasets/shot.frames"] = np.zeros((2, 2, 3, 3), [("a", "u2")])


HOSTILE = [
    huge, hollow, bomb, external_link, soft_link, external_storage, virtual, group,
    named_type, nothing, structure,
]  # fmt: skip


@pytest.mark.parametrize("change", HOSTILE, ids=lambda change: change.__name__)
def test_hostile_datasets_are_refused_without_allocating(tmp_path, change):
    path = replace(result_files.embedded(tmp_path / "a.h5"), change)
    tracemalloc.start()
    try:
        with open_record(path) as record:
            assert record.get("seed") == 7  # the rest of the file is still read
            with pytest.raises((ResultsError, SchemaError), match="a.h5"):
                record.get("shot.frames")
            with pytest.raises((ResultsError, SchemaError), match="a.h5"):
                record.row("shot.frames", 0)
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


def test_groups_that_contain_themselves(tmp_path):
    path = result_files.embedded(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        for name in "abcdefgh":
            file[f"datasets/{name}"] = file["datasets"]
    with open_record(path) as record:
        assert record.get("seed") == 7
        with pytest.raises(ResultsError, match="inside itself"):
            _ = record.foreign


def test_groups_nested_without_end(tmp_path):
    path = result_files.embedded(tmp_path / "a.h5", **{"/".join("x" * 3000): 1})
    with open_record(path) as record, pytest.raises(ResultsError, match="16 deep"):
        _ = record.foreign


def test_links_are_left_out_of_foreign_datasets(tmp_path):
    path = result_files.embedded(tmp_path / "a.h5", mine=1)
    with h5py.File(path, "a") as file:
        file["datasets/loop"] = h5py.SoftLink("/datasets/loop")
        file["datasets/away"] = h5py.ExternalLink("other.h5", "/x")
    with open_record(path) as record:
        assert set(record.foreign) == {"mine"}


def test_the_datasets_group_as_a_link(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["datasets"] = h5py.ExternalLink("other.h5", "/datasets")
    with pytest.raises(SchemaError, match="is a link"), open_record(path):
        pass


@pytest.mark.parametrize("size", [0, 2**40])
def test_a_damaged_heap_of_texts_is_found_before_the_library_walks_it(tmp_path, size):
    """Left alone, libhdf5 would run in circles or crash here."""
    path = result_files.embedded(tmp_path / "a.h5")
    content = bytearray(path.read_bytes())
    first_object = content.index(b"GCOL") + 16
    content[first_object + 8 : first_object + 16] = size.to_bytes(8, "little")
    path.write_bytes(content)
    with open_file(path) as file, pytest.raises(ResultsError, match="damaged heap"):
        read_header(file)


def test_texts_that_are_none(tmp_path):
    """Sequences of any length are kept in the heap too; nothing of ours is one."""
    path = result_files.embedded(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        made = file.create_dataset("datasets/x", (1,), h5py.vlen_dtype(np.int64))
        made[0] = [1, 2]
    with (
        open_record(path) as record,
        pytest.raises(ResultsError, match="no plain type"),
    ):
        record.file.read("x", record.foreign["x"])
