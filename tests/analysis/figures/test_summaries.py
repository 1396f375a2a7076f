"""Curves that an experiment worked out itself stand first, with error and fit."""

from __future__ import annotations

import numpy as np

from ccqed_ctrl.records import row, summary
from ccqed_ctrl.records.shots import ShotRecord
from tests.analysis.figures.drawn_files import HOLD_TIME, write
from tests.analysis.figures.test_curves import bars, line


class Decay(ShotRecord):
    """A curve with everything beside it, and one that is not to be shown."""

    photons = row("", "float64", "photons of the shot")
    signal = summary("K", "float64", "mean of the photons", applet="plot_xy {}")
    signal_error = summary("K", "float64", "of that mean")
    signal_fit = summary("K", "float64", "of the exponential")
    hidden = summary("K", "float64", "worked out on the way")


def decay(path):
    return write(
        path, Decay,
        {
            Decay.point: np.array([0, 1, 2]), Decay.verdict: ["ok"] * 3,
            Decay.photons: np.array([4.0, 2.0, 1.0]),
            Decay.signal: np.array([4.0, 2.0, 1.0]),
            Decay.signal_error: np.array([0.4, 0.2, 0.1]),
            Decay.signal_fit: np.array([3.9, 2.1, 1.1]),
            Decay.hidden: np.zeros(3),
        },
        [(*HOLD_TIME, [1e-4, 2e-4, 3e-4])],
    )  # fmt: skip


def test_value_error_and_fit_are_those_of_the_file(tmp_path, draw, panel, texts):
    figure = draw(decay(tmp_path / "a.h5"))
    axes = panel(figure, "signal: mean of the photons")
    x, y, low, high = bars(axes)
    np.testing.assert_allclose(x, [100, 200, 300])
    np.testing.assert_allclose(y, [4, 2, 1])
    np.testing.assert_allclose(low, [3.6, 1.8, 0.9])
    np.testing.assert_allclose(high, [4.4, 2.2, 1.1])
    np.testing.assert_allclose(line(axes, "fit")[1], [3.9, 2.1, 1.1])
    written = texts(figure)
    assert "(a) signal" in written
    assert "worked out on the way" not in written
