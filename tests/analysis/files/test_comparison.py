"""What differs between two runs is found, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

import analysis
from analysis.files.comparison import compare
from analysis.files.run import Run


@pytest.fixture
def other(recalled, tmp_path):
    """A copy that may be changed."""
    return Path(shutil.copy(recalled, tmp_path / "000000001-Recall.h5"))


def edit(path, **changes):
    with h5py.File(path, "a") as file:
        for key, value in changes.items():
            name = f"datasets/{key.replace('__', '.')}"
            if name in file:
                del file[name]
            file[name] = value


def compared(a, b):
    with Run(a) as first, Run(b) as second:
        return compare(first, second)


def test_a_run_is_like_itself(recalled, other):
    found = compared(recalled, other)
    assert found.agrees
    assert found.frames is True
    assert not (found.settings or found.sources or found.provenance or found.summary)
    assert "settings: the same" in repr(found)


def test_each_difference_is_found_where_it_is(recalled, other):
    with Run(recalled) as run:
        provenance, sources = json.loads(run.provenance), json.loads(run.sources)
        frames = run.frames
    provenance["versions"]["numpy"] = "1.0"
    sources["cavity.kappa"] = {
        "source": "measured in run 7",
        "date": "today",
        "why": "",
    }
    frames[1, 0, 3, 4] += 1
    edit(
        other,
        settings__cavity__kappa=2 * np.pi * 152e3,
        summary__recalled_overlap=0.25,
        shot__frames=frames,
        provenance=json.dumps(provenance),
        belief__sources=json.dumps(sources),
    )
    found = compared(recalled, other)
    assert found.settings == {"cavity.kappa": ("150 2pi kHz", "152 2pi kHz")}
    assert set(found.sources) == {"cavity.kappa"}
    assert found.sources["cavity.kappa"][1] == "measured in run 7, today"
    assert {name: b for name, (_, b) in found.provenance.items()} == {
        "versions.numpy": "1.0"
    }
    assert found.summary["recalled_overlap"][1] == "0.25"
    assert found.data == {"shot.frames": "differs in 1 of 2 shots"}
    assert found.frames is False
    assert not found.agrees
    assert "  cavity.kappa  150 2pi kHz  152 2pi kHz\n" in repr(found)


def test_rounding_is_no_difference(recalled, other):
    edit(other, settings__timing__preparation=50e-6 * (1 + 2e-16))
    assert compared(recalled, other).agrees


def test_nan_is_like_nan(recalled, other, tmp_path):
    lost = Path(shutil.copy(other, tmp_path / "lost.h5"))
    for path in (other, lost):
        edit(path, shot__phase=[0.1, np.nan])
    assert compared(other, lost).data == {}
    assert compared(recalled, lost).data == {"shot.phase": "differs in 2 of 2 shots"}


def test_other_experiments_are_compared_as_far_as_they_go(recalled, tmp_path):
    paths = [tmp_path / "a.h5", tmp_path / "b.h5"]
    for value, path in enumerate(paths):
        with h5py.File(path, "w") as file:
            file["datasets/counts"] = [1, 2, value]
            file["datasets/comment"] = "same"
            if value:
                file["datasets/more"] = 1
    found = compared(*paths)
    assert found.data == {"counts": "differs", "more": "only in b"}
    assert found.frames is None
    assert "raw frames: not in both" in repr(found)
    mixed = compared(recalled, paths[0])
    assert mixed.data["shot.frames"] == "only in a"
    assert "settings: b says nothing" in repr(mixed)


def test_runs_are_named_or_open(recalled):
    folder = recalled.parents[2]
    with analysis.open("latest", folder) as run:
        found = analysis.compare(run, 0, folder)
    assert found.agrees
