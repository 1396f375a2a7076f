"""Calibrations on the twin: each finds what is true of it from its data alone."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ccqed_ctrl.calibration.finding import Event
from ccqed_ctrl.calibration.graph import GRAPH
from ccqed_ctrl.calibration.record import Record, history_key, key
from ccqed_ctrl.units import angular
from sim_backend.host import runner
from sim_backend.host.dataset_db import DatasetDB
from sim_backend.laboratory.scenario import TRUTH, Scenario

from .conftest import FAST, ROOT, experiment


@pytest.fixture
def kept(tmp_path):
    """Return what the records of a calibration now say, by "group.field"."""

    def read(name):
        stored = DatasetDB(tmp_path / "datasets.sqlite")
        return {of: Record.of(stored.get(key(of))) for of in GRAPH[name].gives}

    return read


@pytest.fixture
def events(tmp_path):
    """Return what befell a calibration."""

    def read(name):
        stored = DatasetDB(tmp_path / "datasets.sqlite")
        return [Event.of(event) for event in stored.get(history_key(name))]

    return read


def test_the_threshold_is_that_of_the_twin_not_the_believed_one(opened, kept, events):
    # Fewer atoms than believed, more light per volt: P_th ~ 1/M, power ~ Omega^2.
    truth = {"cloud": {"atoms": 80_000}, "pump_calibration": {
        "rabi_frequency_1v": 1.02 * angular(150e6)}}  # fmt: skip
    # Light begins at one power in all dynamics; `benchmarks threshold` asks another.
    scan = {"pump_over_threshold": "0.6:2.2:9", "shots": 4}
    run = opened("pump_threshold", twin=truth | FAST, **scan)
    expected = 1 / 0.8 / 1.02**2
    assert run.refused == ""
    assert abs(run.fitted_threshold - expected) < 3 * run.fitted_error
    assert run.fitted_error < 0.03
    # Dark below, bright above; every power has its shots.
    below = run.power < 0.9 * expected
    assert run.light[below].max() < 0.02 * run.light.max()
    np.testing.assert_array_equal(np.bincount(run.point), [4] * 9)
    assert set(run.verdict) == {"dark", "ok"}
    # What is kept puts the threshold where it is.
    (record,) = kept("pump_threshold").values()
    assert record.value == pytest.approx(angular(150e6) / np.sqrt(run.fitted_threshold))
    assert record.uncertainty == run.pump_calibration_rabi_frequency_1v[1]
    assert record.parents == {"camera_background": "", "cloud_size": ""}
    (event,) = events("pump_threshold")
    assert (event.event, event.rid) == ("measured", record.rid)
    again = opened("pump_threshold", twin=truth | FAST, **scan)
    assert again.rabi_frequency_1v == record.value
    assert abs(again.fitted_threshold - 1) < 3 * again.fitted_error
    # Within what matters to nobody it is the same value, found again.
    (held,) = kept("pump_threshold").values()
    assert held.id == record.id
    assert held.checked >= record.time
    found = [each.event for each in events("pump_threshold")]
    assert found == ["measured", "confirmed"]


def test_a_threshold_that_is_not_in_range_is_refused_with_its_reason(
    opened, events, tmp_path
):
    run = opened("pump_threshold", pump_over_threshold="0.3:0.7:5", shots=2)
    assert not run.has("summary.fitted_threshold")
    assert run.refused
    (event,) = events("pump_threshold")
    assert (event.event, event.why) == ("refused", run.refused)
    with pytest.raises(KeyError):
        DatasetDB(tmp_path / "datasets.sqlite").get(
            key("pump_calibration.rabi_frequency_1v")
        )


def test_what_is_not_to_be_believed_is_only_told(opened, tmp_path):
    run = opened("camera_background", believe=False, shots=2)
    assert run.imaging_offset[0] == pytest.approx(500, abs=1)
    with pytest.raises(KeyError):
        DatasetDB(tmp_path / "datasets.sqlite").get(key("imaging.offset"))


def test_a_run_on_what_does_not_hold_is_refused_and_an_override_is_told(
    tmp_path, opened
):
    record = Record(
        9e8, 3, "2020-01-02T03:04:05+00:00", 1e5, "rad/s", "pump_threshold", 3600.0
    )
    name = key("pump_calibration.rabi_frequency_1v")
    stored = DatasetDB(tmp_path / "datasets.sqlite")
    change = {"action": "setitem", "path": [], "key": name}
    stored.update(change | {"value": (True, record.to_dict(), {})})
    stored.save()
    asked = {
        "file": experiment("recall"), "results": tmp_path / "results",
        "dataset_db": tmp_path / "datasets.sqlite", "seed": 0,
    }  # fmt: skip
    outcome = runner.run(runner.Request(**asked, twin=FAST))
    assert outcome.status == "bad input"
    assert "pump_threshold is too old: valid for 60 min" in str(outcome.error)
    assert "ccqed calibrations --run" in str(outcome.error)
    run = opened("recall", twin=FAST, stale=True)
    assert bool(run.get("settings.run.stale"))
    held = json.loads(run.get("belief.calibrations"))
    assert held["pump_threshold"]["state"] == "red"
    assert held["pump_threshold"]["id"] == record.id
    # The calibration itself may run: what it rests on has never been measured.
    opened("pump_threshold", twin=FAST, pump_over_threshold="0.6:2:6", shots=3)


def test_the_spectrum_finds_the_true_cavity(opened, kept):
    truth = {"cavity": {"pump_detuning": angular(-4.1e6), "kappa": angular(132e3)}}
    run = opened("cavity_spectrum", seed=3, twin=truth, shots=1)
    assert run.refused == ""
    for (value, error), true, most in (
        (run.cavity_pump_detuning, -4.1e6, 5e3), (run.cavity_kappa, 132e3, 5e3)
    ):  # fmt: skip
        assert abs(value - angular(true)) < 3 * error < 3 * angular(most)
    records = kept("cavity_spectrum")
    assert records["cavity.pump_detuning"].value == run.cavity_pump_detuning[0]
    # Believed, it is the cavity that the next run plans with.
    again = opened("cavity_spectrum", seed=4, twin=truth, shots=1)
    assert again.kappa == records["cavity.kappa"].value


@pytest.mark.parametrize("camera", ["ccd", "emccd", "typical"])
def test_the_background_finds_the_true_camera(opened, camera):
    """Nothing of it is believed: offset and gain are the scenario's."""
    truth = TRUTH.parse([camera])
    run = opened("camera_background", seed=3, twin=truth)
    true = Scenario.from_dict(truth)
    gain = true.camera.em_gain
    per_count = true.imaging.electrons_per_count / gain / (2 - 1 / gain)
    assert run.refused == ""
    read = true.imaging.read_noise * per_count / true.imaging.electrons_per_count
    found = {
        "offset": (run.imaging_offset, true.imaging.offset, 0.05),
        "gain": (run.imaging_electrons_per_count, per_count, 0.005 * per_count),
        "noise": (run.imaging_read_noise, read, 0.02 * read),
    }
    for (value, error), expected, most in found.values():
        assert abs(value - expected) < 3 * error
        assert error < most
    assert np.all(np.diff(run.light) > 0)
    assert set(run.verdict) == {"ok"}


#: A bad day of geometry: what two calibrations undo, one after the other.
OFF = {
    "alignment": {
        "axis_x": 2.4e-6, "axis_y": -1.7e-6, "magnification": 1.025, "rotation": -0.015,
    },
    "imperfections": {"placement_error": 0.1e-6},
}  # fmt: skip


def test_axis_and_map_are_found_by_the_light_and_recall_comes_back(opened, kept):
    drawings = {"drawing": "0:4:5"}
    before = opened("recall", twin=OFF | FAST, seed=5, shots=2)
    assert set(before.verdict) == {"displaced"}
    run = opened("cavity_axis", twin=OFF | FAST, seed=5, **drawings)
    assert run.refused == ""
    for (value, error), true in ((run.axis_x, 2.4e-6), (run.axis_y, -1.7e-6)):
        assert abs(value - true) < 3 * error
        assert error < 0.1e-6
    run = opened("tweezer_map", twin=OFF | FAST, seed=6, **drawings)
    assert run.refused == ""
    turn = 1.025 * np.exp(-0.015j)
    true = {
        "traps.xx": turn.real, "traps.xy": -turn.imag, "traps.yx": turn.imag,
        "traps.yy": turn.real, "traps.x": 0.0, "traps.y": 0.0,
    }  # fmt: skip
    found = kept("tweezer_map")
    for of, record in found.items():
        assert abs(record.value - true[of]) < 3 * record.uncertainty
        assert record.parents["cavity_axis"] == kept("cavity_axis")["axis.x"].id
    assert found["traps.xx"].uncertainty < 2e-3
    assert found["traps.x"].uncertainty < 0.1e-6
    after = opened("recall", twin=OFF | FAST, seed=5, shots=2)
    assert set(after.verdict) == {"ok"}
    assert after.displacement.max() < 0.25e-6 < 1e-6 < before.displacement.min()
    assert after.pixels_wrong.max() == 0


def test_the_size_of_the_clouds_is_found_whatever_the_camera_blurs(opened, kept):
    truth = {"cloud": {"size": 4.5e-6}, "resolution": {"imaging": 1e-6}}
    run = opened("cloud_size", twin=truth | FAST, seed=2, drawing="0:3:4")
    assert run.refused == ""
    (value, error) = run.cloud_size
    assert abs(value - 4.5e-6) < 3 * error
    assert error < 0.05e-6
    assert run.spot_size == pytest.approx(np.hypot(4.5e-6, 1e-6), rel=0.02)
    assert kept("cloud_size")["cloud.size"].value == value


@pytest.mark.parametrize(("emission", "turn"), [(0.4, 0.0), (1.9, np.pi)])
def test_phases_of_drive_and_emission_are_found_and_cues_are_written_again(
    opened, kept, emission, turn
):
    """Each is known modulo pi; together they write what they read."""
    truth = {
        "longitudinal": {"phase": 2.2}, "imaging": {"phase": emission},
        "imperfections": {"phase_drift": 0.2},
    }  # fmt: skip
    before = opened("recall", twin=truth | FAST, seed=5, shots=1)
    # Written and read the wrong way round, it looks right.
    assert set(before.verdict) == ({"ok"} if turn else {"inverted"})
    run = opened("emission_phase", twin=truth | FAST, seed=2)
    assert run.refused == ""
    (value, error) = run.imaging_phase
    assert abs(value - (emission - turn)) < 3 * error
    assert run.drift == pytest.approx(0.2, rel=0.5)
    run = opened("drive_phase", twin=truth | FAST, seed=2)
    assert run.refused == ""
    (value, error) = run.longitudinal_phase
    # Turned by half a turn, as the emission's is; the reference's drift is not in it.
    assert abs(value - (2.2 - turn)) < 3 * error
    assert error < 0.01
    found = kept("drive_phase")["longitudinal.phase"]
    assert found.parents == {
        "emission_phase": kept("emission_phase")["imaging.phase"].id
    }
    after = opened("recall", twin=truth | FAST, seed=5, shots=1)
    assert set(after.verdict) == {"ok"}
    assert after.pixels_wrong.max() == 0
    # Measured with what is undone by now, it is the same.
    again = opened("drive_phase", twin=truth | FAST, seed=3)
    assert abs(again.longitudinal_phase[0] - found.value) < 4 * error


def test_a_dark_ensemble_has_no_phase(opened):
    run = opened("drive_phase", twin=FAST, pump_over_threshold=0.4, shots=3)
    assert "0 of 3 shots show a phase" in run.refused


def test_without_light_there_is_no_axis(opened, events):
    run = opened("cavity_axis", twin=FAST, drawing="0,1", pump_over_threshold=0.3)
    assert "0 of 2 shots show a place" in run.refused
    assert [event.event for event in events("cavity_axis")] == ["refused"]


def test_a_distorted_map_is_refused(opened, events):
    bent = {"alignment": {"distortion": 0.03}}
    run = opened("tweezer_map", twin=bent | FAST, width=1.8, drawing="0,1")
    assert "not affine" in run.refused
    assert [event.event for event in events("tweezer_map")] == ["refused"]


def test_every_calibration_has_its_experiment():
    files = {file.stem for file in (ROOT / "repository/calibrations").glob("*.py")}
    assert files == set(GRAPH)
