"""Lines of known cavities: pulls, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.readout.spectra import ProbeReader, fit_line
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.errors import FitError
from ccqed_ctrl.spectra import ProbeRecord

FREQUENCIES = np.linspace(0.5e6, 6.5e6, 61)
CENTRE, HALF = 3.3e6, 140e3


def counts(rng, *, centre=CENTRE, half=HALF, height=1000.0, floor=1.0, shots=1):
    """Return frequencies, and Poisson's counts of a Lorentzian on a floor."""
    f = np.repeat(FREQUENCIES, shots)
    return f, rng.poisson(floor + height / (1 + ((f - centre) / half) ** 2))


def test_pulls_are_normal():
    pulls = []
    for seed in range(60):
        line = fit_line(*counts(np.random.default_rng(seed)))
        pulls.append([(line.centre[0] - CENTRE) / line.centre[1],
                      (line.half_width[0] - HALF) / line.half_width[1]])  # fmt: skip
    # 60 normal numbers: mean within 0.39, scatter within 0.28 of 1, 3 sigma.
    assert np.all(np.abs(np.mean(pulls, axis=0)) < 0.39)
    assert np.all(np.abs(np.std(pulls, axis=0) - 1) < 0.28)


def test_shots_shrink_the_error_as_their_root():
    rng = np.random.default_rng(0)
    one, nine = (fit_line(*counts(rng, shots=n)).half_width[1] for n in (1, 9))
    assert one / nine == pytest.approx(3, rel=0.15)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"centre": 20e6}, "no line stands above"),
        ({"height": 0.0, "floor": 50.0}, "no line stands above"),
        ({"half": 20e3}, "frequencies are on the line"),
    ],
)
def test_what_is_no_line_in_range_is_refused(changes, said):
    with pytest.raises(FitError, match=said):
        fit_line(*counts(np.random.default_rng(1), **changes))


def test_two_modes_are_no_lorentzian():
    rng = np.random.default_rng(2)
    (f, one), (_, other) = counts(rng), counts(rng, centre=CENTRE + 3 * HALF)
    with pytest.raises(FitError, match="no Lorentzian"):
        fit_line(f, one + other)


def test_too_few_frequencies_are_refused():
    with pytest.raises(FitError, match="5 frequencies are few"):
        fit_line(FREQUENCIES[:5], np.ones(5))


@pytest.mark.parametrize(("locked", "verdict"), [(True, "ok"), (False, "unlocked")])
def test_a_count_of_an_unlocked_cavity_is_taken_again(locked, verdict):
    raw = {ProbeRecord.counts: 3, ProbeRecord.locked: locked}
    assert ProbeReader.of_plan(None).read(None, raw).verdict == Verdict(verdict)
