"""A laboratory that is not where it is commanded, and belief that undoes it."""

from __future__ import annotations

import numpy as np
import pytest

import analysis
from analysis.files.reanalysis import reanalyse
from analysis.files.rebuild import parse_change
from sim_backend.host import runner
from sim_backend.host.dataset_db import DatasetDB

from .conftest import FAST, RECALL

#: Half a bad day's worth of everything that moves sites, and what undoes it.
OFF = {
    "alignment": {
        "axis_x": 3e-6, "axis_y": -2e-6, "magnification": 1.03, "rotation": 0.02,
    },
    "imperfections": {"placement_error": 0.0},
}  # fmt: skip
COSINE, SINE = 1.03 * np.cos(0.02), 1.03 * np.sin(0.02)
BELIEF = {
    "axis.x": 3e-6, "axis.y": -2e-6,
    "traps.xx": COSINE, "traps.xy": -SINE, "traps.yx": SINE, "traps.yy": COSINE,
}  # fmt: skip


def store(path, values):
    """Store calibration records, as a run does."""
    stored = DatasetDB(path)
    for name, value in values.items():
        found = {"value": value, "rid": 12, "time": "2026-11-27T06:00:00+00:00"}
        key = f"calibration.{name}"
        stored.update(
            {"action": "setitem", "path": [], "key": key, "value": (True, found, {})}
        )
    stored.save()


@pytest.fixture
def recalled(tmp_path):
    """Recall on a laboratory, by default the one that is off, believing something."""

    def run(values, truth=OFF):
        store(tmp_path / "datasets.sqlite", values)
        request = runner.Request(
            file=RECALL, arguments={"shots": 2, "corruption": 0.1}, twin=truth | FAST,
            dataset_db=tmp_path / "datasets.sqlite", results=tmp_path / "results",
            seed=1,
        )  # fmt: skip
        outcome = runner.run(request)
        assert outcome.status == "ok", outcome.error
        return analysis.open(outcome.path)

    return run


def test_what_is_believed_of_axis_and_traps_undoes_what_is_true(recalled):
    with recalled({}) as run:
        assert set(run.verdict) == {"displaced"}
        assert run.displacement.min() > 2e-6
        assert run.pixels_wrong.min() > 0
    with recalled(BELIEF) as run:
        assert set(run.verdict) == {"ok"}
        assert run.displacement.max() < 0.1e-6
        assert run.pixels_wrong.max() == 0
        assert reanalyse(run).agrees
        again = reanalyse(run, dict([parse_change("axis.x=0")]))
        assert again.rows["shot.displacement"].min() > 0.3e-6


def test_frames_that_are_cut_are_smaller_and_read_the_same(recalled):
    cut = {"imaging.pixels": 208, "region.left": 24, "region.top": 24}
    found = {}
    for side, values in ((256, {}), (208, cut)):
        with recalled(values, {}) as run:
            assert set(run.verdict) == {"ok"}
            assert run.row("shot.frames", 0).shape == (2, side, side)
            assert run.pixels_wrong.max() == 0
            assert reanalyse(run).agrees
            found[side] = np.array(run.emission)
    # The same atoms; the light outside of the region is missed a little.
    change = np.abs(found[208] - found[256])
    assert change.max() < 0.1 * np.abs(found[256]).max()
