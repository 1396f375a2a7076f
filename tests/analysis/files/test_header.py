"""What a file says of its run: three writers, one vocabulary, no trust."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import h5py
import pytest

from analysis.files.header import arguments, artiq_version, describe, read_header
from analysis.files.results_file import open_file
from ccqed_ctrl import pyon
from ccqed_ctrl.ending import Ending
from ccqed_ctrl.errors import SchemaError

from .. import result_files


def header(path):
    with open_file(path) as file:
        return read_header(file)


def test_a_file_of_the_embedded_host(tmp_path):
    found = header(result_files.embedded(tmp_path / "a.h5", status="terminated"))
    assert (found.writer, found.rid, found.class_name) == ("embedded host", 5, "Recall")
    assert found.started == datetime.fromtimestamp(1.7e9, UTC)
    assert (found.status, found.backend) == ("terminated", "simulation")
    assert describe(found) == "run 5, simulation, terminated"


@pytest.mark.parametrize("version", [8, 9])
def test_a_file_of_artiq_master(tmp_path, version):
    path = result_files.artiq_master(tmp_path / "a.h5", version)
    found = header(path)
    assert (found.writer, found.rid, found.status) == ("artiq_master", 6, "complete")
    with open_file(path) as file:
        assert dict(arguments(file)) == result_files.ARGUMENTS
        assert artiq_version(file) == f"{version}.0"


def test_a_file_of_artiq_run(tmp_path):
    path = result_files.artiq_run(tmp_path / "mine.h5", **{"progress.done": 1})
    found = header(path)
    assert (found.writer, found.rid, found.started) == ("artiq_run", None, None)
    assert (found.status, found.class_name) == ("incomplete", "?")


@pytest.mark.parametrize(
    ("make", "name"),
    [(result_files.artiq_master, "Recall"), (result_files.artiq_run, "Pump")],
)
def test_what_an_experiment_of_ours_says_by_every_route(tmp_path, make, name):
    told = {
        "backend": "simulation", "class": "Pump", "versions": {"numpy": "2"},
        "arguments": {"shots": 9},
    }  # fmt: skip
    changes = {"status": "interrupted", "provenance": json.dumps(told)}
    path = make(tmp_path / "a.h5", **changes)
    found = header(path)
    assert (found.status, found.backend) == ("interrupted", "simulation")
    assert (found.class_name, found.provenance) == (name, told)
    with open_file(path) as file:
        assert arguments(file) == {"shots": 9}


@pytest.mark.parametrize("status", [*map(str, Ending), "running"])
def test_endings_are_shown_as_they_are_named(tmp_path, status):
    path = result_files.embedded(tmp_path / "a.h5", status=status)
    assert header(path).status == status


def test_an_exception_of_older_files_is_a_failure(tmp_path):
    path = result_files.embedded(tmp_path / "a.h5", status="exception")
    assert header(path).status == "failed"


@pytest.mark.parametrize(
    ("done", "status"),
    [(0, "incomplete"), (2, "complete"), (3, "unknown"), (-1, "unknown"),
     (1.5, "unknown"), ("2", "unknown"), ([1, 2], "unknown"), (True, "unknown")],
)  # fmt: skip
def test_progress_says_how_far_a_run_came_if_it_makes_sense(tmp_path, done, status):
    path = result_files.artiq_run(tmp_path / "a.h5", **{"progress.done": done})
    assert header(path).status == status


def test_a_file_that_contradicts_itself_is_no_measurement(tmp_path):
    path = result_files.embedded(tmp_path / "a.h5", backend="hardware")
    assert header(path).backend == "doubtful"


def test_another_experiment(tmp_path):
    values = {"counts": [1, 2], "provenance": [3, 4]}
    path = result_files.write(tmp_path / "000000003-Rabi.h5", values, {"rid": 3})
    found = header(path)
    assert (found.rid, found.class_name, found.status) == (3, "Rabi", "unknown")
    assert found.backend == "?"


def marked(name, *arguments):
    return json.dumps({"class_name": {pyon.MARK: [name, list(arguments)]}})


BAD_FACTS = {
    "evaluation": ("expid", "__import__('os').system('touch owned')", "is not PYON"),
    "fraction": ("expid", marked("Fraction", "1e1000000000", 1), "is not PYON"),
    "empty scalar": ("expid", marked("npscalar", "<f8", ""), "is not PYON"),
    "depth": ("expid", "[" * 100_000, "is not PYON"),
    "length": ("expid", " " * 2**18 + "{}", "at most 262144 are read"),
    "no mapping": ("expid", "[1]", "is no mapping"),
    "rid": ("rid", "five", "rid must be int"),
    "time": ("start_time", 1e300, "is no time"),
}


@pytest.mark.parametrize(("key", "fact", "message"), BAD_FACTS.values(), ids=BAD_FACTS)
def test_facts_of_the_wrong_kind(tmp_path, monkeypatch, key, fact, message):
    monkeypatch.chdir(tmp_path)
    roots = result_files.roots() | {key: fact}
    path = result_files.write(tmp_path / "a.h5", result_files.VALUES, roots)
    with pytest.raises(SchemaError, match=message) as refused:
        header(path)
    assert len(str(refused.value)) < 300
    assert [found.name for found in tmp_path.iterdir()] == ["a.h5"]


def test_a_version_of_the_wrong_kind_is_refused_where_it_is_asked_for(tmp_path):
    roots = result_files.roots(version=[1, 2])
    path = result_files.write(tmp_path / "a.h5", result_files.VALUES, roots)
    assert header(path).rid == roots["rid"]
    with (
        open_file(path) as file,
        pytest.raises(SchemaError, match="artiq_version must be str"),
    ):
        artiq_version(file)


@pytest.mark.parametrize("name", ["\ud800", "a\0b", "a\nb", "\x1b[2J", "é" * 10_000])
def test_words_can_always_be_shown(tmp_path, name):
    expid = json.dumps({"class_name": name})
    path = result_files.write(
        tmp_path / "a.h5", result_files.VALUES, result_files.roots(expid=expid)
    )
    found = header(path).class_name
    assert found.isprintable()
    assert 0 < len(found.encode()) < 1000


def test_no_results_at_all(tmp_path):
    with h5py.File(tmp_path / "bare.h5", "w"):
        pass
    with pytest.raises(SchemaError, match=r"bare.h5 is no results file"):
        header(tmp_path / "bare.h5")
    with h5py.File(tmp_path / "linked.h5", "w") as file:
        file["datasets"] = h5py.ExternalLink("other.h5", "/datasets")
    with pytest.raises(SchemaError, match="is a link"):
        header(tmp_path / "linked.h5")
