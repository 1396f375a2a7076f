"""`ccqed calibrations`: what it shows, runs, accepts and rejects."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ccqed_ctrl import cli
from ccqed_ctrl.calibration import graph, stored
from ccqed_ctrl.calibration.finding import Event
from ccqed_ctrl.calibration.graph import GRAPH
from ccqed_ctrl.calibration.record import Record, history_key, key
from ccqed_ctrl.commands import CALIBRATIONS
from ccqed_ctrl.errors import CalibrationError, ParameterError
from sim_backend.host.dataset_db import DatasetDB

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Stand in a laboratory with this repository's calibrations."""
    for name in ("device_db.py", "laboratory.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "repository", tmp_path / "repository")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def calibrations(lab, capfd):
    """Give the command's arguments; returns exit code and output."""

    def run(*arguments):
        options = cli.parser_of(CALIBRATIONS).parse_intermixed_args(arguments)
        code = CALIBRATIONS.run(options)
        return code, capfd.readouterr().out

    return run


def measured(name, rid, time="2026-11-27T06:00:00+00:00", parents=()):
    """Store records of a calibration, as a run does."""
    database = DatasetDB("dataset_db.sqlite")
    values = dict.fromkeys(GRAPH[name].gives, 1.0)
    for of in values:
        value = 1e-6 if name == "cavity_axis" else 1.0
        record = Record(value, rid, time, 0.01, "", name, 1e12, dict(parents))
        change = {"action": "setitem", "path": [], "key": key(of)}
        database.update(change | {"value": (True, record.to_dict(), {})})
    database.save()


def rows(output):
    cells = ([cell.strip() for cell in line.split("│")[1:-1]]
             for line in output.splitlines() if "│" in line)  # fmt: skip
    return {row[0]: row[1:] for row in cells if row[0]}


def test_a_new_laboratory_is_told_what_to_run_in_which_order(calibrations):
    code, output = calibrations()
    found = rows(output)
    assert code == 0
    assert list(found) == list(graph.order())
    assert [row[-1] for row in found.values()] == [
        str(k + 1) for k in range(len(GRAPH))
    ]
    assert {row[0] for row in found.values()} == {"amber"}
    assert list(rows(calibrations("cavity_axis")[1])) == ["cavity_axis"]


def test_what_was_measured_is_shown_with_its_error(calibrations):
    measured("camera_background", 7)
    _, output = calibrations("camera_background")
    (row,) = rows(output).values()
    assert row[:3] == ["green", "imaging.offset = 1 +- 0.01", "7"]
    assert "imaging.read_noise = 1 +- 0.01" in output


def test_a_stale_one_is_accepted_with_a_reason_or_rejected(calibrations):
    measured("camera_background", 7)
    measured("cavity_axis", 8)
    assert rows(calibrations()[1])["cavity_axis"][0] == "red"
    with pytest.raises(ParameterError, match="say why"):
        calibrations("--accept", "cavity_axis")
    why = "looked at the spots"
    _, output = calibrations("--accept", "cavity_axis", "--why", why)
    assert rows(output)["cavity_axis"][0] == "green"
    _, output = calibrations("--history", "cavity_axis")
    assert "accepted" in output
    assert why in output
    # It is what runs on the embedded host read, too.
    record = Record.of(DatasetDB("dataset_db.sqlite").get(key("axis.x")))
    assert (record.value, record.rid) == (1e-6, 8)
    assert record.parents["camera_background"].startswith("7@")
    _, output = calibrations("--reject", "cavity_axis", "--why", "mirror moved")
    assert rows(output)["cavity_axis"][:2] == ["amber", "never measured"]
    assert key("axis.x") not in stored.read(Path("dataset_db.sqlite"))
    with pytest.raises(CalibrationError, match="was never measured"):
        calibrations("--reject", "cavity_axis", "--why", "again")


def test_unknown_names_are_refused(calibrations):
    with pytest.raises(ParameterError, match="no calibration is called 'axis'"):
        calibrations("--history", "axis")


@pytest.mark.slow
def test_a_value_found_again_makes_nothing_stale_and_a_changed_one_does(calibrations):
    def run(*twin):
        given = [word for each in twin for word in ("--twin", each)]
        code, output = calibrations("--run", "camera_background", "--seed=2", *given)
        assert code == 0
        events = stored.read(Path("dataset_db.sqlite"))[history]
        return rows(output)["camera_background"], [
            Event.of(one).event for one in events
        ]

    history = history_key("camera_background")
    row, events = run()
    assert (row[0], events) == ("green", ["measured"])
    camera = Record.of(stored.read(Path("dataset_db.sqlite"))[key("imaging.offset")])
    measured("cavity_axis", 8, parents={"camera_background": camera.id})
    row, events = run("imaging.offset=500.5")
    assert events == ["measured", "confirmed"]
    assert rows(calibrations()[1])["cavity_axis"][0] == "green"
    row, events = run("imaging.offset=520")
    assert events == ["measured", "confirmed", "measured"]
    assert row[1].startswith(("imaging.offset = 519.9", "imaging.offset = 520"))
    row = rows(calibrations()[1])["cavity_axis"]
    assert row[0] == "red"
    # To run after cavity_spectrum, which was never measured.
    assert row[-2:] == ["stale: camera_background was measured anew (run 2)", "2"]


def test_a_refused_fit_ends_the_run_with_its_reason(calibrations):
    dark = ("--twin", "detection.reference_rate=0", "--seed", "2")
    with pytest.raises(CalibrationError, match="camera_background found nothing to"):
        calibrations("--run", *dark)
    _, output = calibrations()
    assert "run 0 was refused" in rows(output)["camera_background"][-2]
    assert rows(output)["cavity_axis"][0] == "amber"


def test_datasets_that_cannot_be_changed_are_a_sentence(lab):
    place = lab / "other.sqlite"
    place.write_bytes(b"LMDB" * 1000)
    with pytest.raises(CalibrationError, match="cannot be used for calibration"):
        stored.write(place, {"calibration.axis.x": None})
