"""The other experiments on the twin: each finds what is true of it from its data."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.files.reanalysis import reanalyse
from sim_backend.host import runner

from .conftest import FAST, ROOT


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


@pytest.mark.parametrize("file", [*(ROOT / "repository").rglob("*.py")], ids=str)
def test_experiments_are_short(file):
    assert len(file.read_text().splitlines()) <= 80
