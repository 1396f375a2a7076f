"""Bad days: how they are drawn, and what their page says."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from benchmarks.bad_days import Day, page, verdicts
from ccqed_ctrl import belief
from ccqed_ctrl.params import Traps
from sim_backend.laboratory.physics.geometry import turned
from sim_backend.laboratory.scenario import TRUTH, Scenario


@pytest.mark.parametrize("seed", range(5))
def test_a_day_is_bad_in_everything_and_its_beliefs_are_true(seed, tmp_path):
    day = Day.drawn(seed)
    assert 1.5e-6 <= np.hypot(day.axis_x, day.axis_y) <= 3e-6
    assert 0.015 <= abs(day.magnification - 1) <= 0.03
    assert 0.5 <= abs(np.rad2deg(day.rotation)) <= 1
    file = tmp_path / "day.toml"
    file.write_text(day.scenario)
    truth = Scenario.from_dict(TRUTH.resolve(TRUTH.parse([str(file)])))
    assert truth.longitudinal.phase == day.believed["longitudinal.phase"]
    power = (truth.pump_calibration.rabi_frequency_1v / Scenario().pump_calibration
             .rabi_frequency_1v) ** 2  # fmt: skip
    assert 1.2 <= max(power, 1 / power) <= 1.5
    assert set(day.believed) <= set(belief.named())
    # The believed map of the traps is the twin's.
    names = ("xx", "xy", "yx", "yy")
    traps = Traps(**{name: day.believed[f"traps.{name}"] for name in names})
    sent = np.array([[30e-6, -10e-6]])
    there = turned(sent, day.magnification, day.rotation)
    np.testing.assert_allclose(sent @ np.array(traps.matrix).T, there, rtol=1e-12)


def row(seed, default, calibrated, true, refused=""):
    exact = {"default": default, "calibrated": calibrated, "true": true}
    day = asdict(Day.drawn(seed))
    return {"seed": seed, "day": day, "exact": exact, "shots": 20, "refused": refused}


def test_promises_are_kept_where_calibrating_brings_recall_back():
    rows = [row(seed, 0, 19, 20) for seed in range(10)]
    assert all(kept for *_, kept in verdicts(rows))
    text, kept = page(rows)
    assert kept
    assert "| 10 | met |" in text
    assert text.count("0.95 (0.76 to 0.99)") == 10


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ([row(0, 0, 10, 20), row(1, 0, 10, 20)], "days within"),
        ([row(seed, 19, 19, 20) for seed in range(3)], "days below"),
        ([row(0, 0, 20, 20, "no light")], "calibrations refused"),
    ],
)
def test_promises_that_are_broken_are_said(change, missed):
    rows = [row(seed, 0, 20, 20) for seed in range(10 - len(change))] + change
    lost = [what for what, *_, kept in verdicts(rows) if not kept]
    assert len(lost) == 1
    assert missed in lost[0]
