"""The other experiments on the twin: each finds what is true of it from its data."""

from __future__ import annotations

import numpy as np
import pytest

import analysis
from analysis.files.reanalysis import reanalyse
from ccqed_ctrl.units import angular
from sim_backend.host import runner
from sim_backend.laboratory.scenario import TRUTH, Scenario

from .conftest import FAST, ROOT


@pytest.fixture
def opened(tmp_path):
    """Run an experiment of the repository; returns its file, opened."""
    runs = []

    def run(name, seed=0, twin=None, **arguments):
        request = runner.Request(
            file=ROOT / "repository" / f"{name}.py", arguments=arguments,
            twin=twin or {}, dataset_db=tmp_path / "datasets.sqlite",
            results=tmp_path / "results", seed=seed,
        )  # fmt: skip
        outcome = runner.run(request)
        assert outcome.status == "ok", outcome.error
        runs.append(analysis.open(outcome.path))
        return runs[-1]

    yield run
    for made in runs:
        made.close()


def test_the_threshold_is_that_of_the_twin_not_the_believed_one(opened):
    # Fewer atoms than believed, more light per volt: P_th ~ 1/M, power ~ Omega^2.
    truth = {"cloud": {"atoms": 80_000}, "pump_calibration": {
        "rabi_frequency_1v": 1.02 * angular(150e6)}}  # fmt: skip
    # Light begins at one power in all dynamics; `benchmarks threshold` asks another.
    scan = {"pump_over_threshold": "0.6:2.2:9", "shots": 4}
    run = opened("pump_threshold", twin=truth | FAST, **scan)
    expected = 1 / 0.8 / 1.02**2
    assert run.no_threshold == ""
    assert abs(run.fitted_threshold - expected) < 3 * run.fitted_error
    assert run.fitted_error < 0.03
    # Dark below, bright above; every power has its shots.
    below = run.power < 0.9 * expected
    assert run.light[below].max() < 0.02 * run.light.max()
    np.testing.assert_array_equal(np.bincount(run.point), [4] * 9)
    assert set(run.verdict) == {"dark", "ok"}


def test_a_threshold_that_is_not_in_range_is_refused_with_its_reason(opened):
    run = opened("pump_threshold", pump_over_threshold="0.3:0.7:5", shots=2)
    assert not run.has("summary.fitted_threshold")
    assert run.no_threshold


def test_recall_falls_with_corruption(opened):
    scan = {"corruption": "0,0.25,0.5", "shots": 6}
    run = opened("recall_vs_corruption", seed=3, twin=FAST, **scan)
    np.testing.assert_allclose(run.corruption, [0, 0.25, 0.5])
    assert run.exact[0] == 1.0
    assert run.exact[-1] == 0.0
    assert np.all(np.diff(run.exact) <= 0)
    assert run.overlap[0] == 1.0
    np.testing.assert_allclose(
        run.exact, [np.mean(run.pixels_wrong[run.point == k] == 0) for k in range(3)]
    )
    assert np.all(run.exact_interval[:, 0] <= run.exact)
    assert np.all(run.exact <= run.exact_interval[:, 1])
    assert run.no_basin == ""
    assert 0.0 < run.basin_width < 0.5


def test_a_movie_shows_spins_turning_and_the_energy_falling_in_steps(opened):
    drift = {"imperfections": {"phase_drift": 0.0, "phase_drift_rate": 900.0}}
    camera = {"imaging": {"readout_time": 1.3e-3}}
    watch = {"readout_time": "1.3ms", "holograms": 8}
    still, moving = (
        opened("relaxation_movie", seed=4, twin=FAST | camera | reference, **watch)
        for reference in ({}, drift)
    )
    assert np.abs(np.diff(moving.movie_phase, axis=1)).max() > 0.3
    assert np.ptp(moving.movie_phase) > np.pi / 2
    # The same shots, whatever the reference did meanwhile.
    assert np.mean(moving.movie_spins != still.movie_spins) < 0.01
    interval = 1.3e-3 + 50e-6 + 10e-6
    np.testing.assert_allclose(still.time, 30e-6 + interval * np.arange(8))
    # The pump is on to the last hologram: two photons in 9.8 ms (test_recalling).
    pumped = 1.2e-3 + 7 * interval
    assert still.scattered == pytest.approx(2 * pumped / 9.8e-3, rel=0.02)
    # From what was written to a minimum of the couplings.
    first, last = still.movie_spins[:, 0], still.movie_spins[:, -1]
    assert np.mean(first != still.encoded_cue) < 0.05
    assert np.all(last * (last @ (still.couplings - np.diag(np.diag(still.couplings))))
                  > 0)  # fmt: skip
    assert np.all(np.diff(still.energy) < 1e-9)
    assert still.energy[-1] < 1.05 * still.energy[0] < 0
    assert still.turned[-1] > 4
    found = reanalyse(still)
    assert found.agrees
    assert {"shot.movie_spins", "shot.movie_phase"} <= set(found.rows)


def test_a_movie_faster_than_the_camera_is_refused_before_anything_runs(tmp_path):
    request = runner.Request(
        file=ROOT / "repository" / "relaxation_movie.py",
        arguments={"interval": "10ms"}, dataset_db=tmp_path / "datasets.sqlite",
        results=tmp_path / "results",
    )  # fmt: skip
    outcome = runner.run(request)
    assert outcome.status == "bad input"
    assert "holograms must be at least 0.03006 s apart" in str(outcome.error)


@pytest.mark.parametrize("camera", ["ccd", "emccd"])
def test_the_background_finds_the_true_camera(opened, camera):
    """Nothing of it is believed: offset and gain are the scenario's."""
    truth = TRUTH.parse([camera])
    run = opened("camera_background", seed=3, twin=truth)
    true = Scenario.from_dict(truth)
    gain = true.camera.em_gain
    per_count = true.imaging.electrons_per_count / gain / (2 - 1 / gain)
    assert run.no_gain == ""
    assert abs(run.electrons_per_count - per_count) < 3 * run.gain_error
    assert run.gain_error < 0.005 * per_count
    read = true.imaging.read_noise * per_count / true.imaging.electrons_per_count
    assert run.read_noise == pytest.approx(read, rel=0.02)
    assert run.offset == pytest.approx(true.imaging.offset, abs=0.05)
    assert np.all(np.diff(run.light) > 0)
    assert set(run.verdict) == {"ok"}


@pytest.mark.parametrize(
    "name",
    [
        "recall",
        "recall_vs_corruption",
        "pump_threshold",
        "relaxation_movie",
        "camera_background",
    ],
)
def test_experiments_are_short(name):
    lines = (ROOT / "repository" / f"{name}.py").read_text().splitlines()
    assert len(lines) <= 80
