"""Sizes of clouds and spots, and frames under an uneven reference."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.readout.demodulation import demodulate, flattened
from analysis.readout.sizes import find_sizes
from ccqed_ctrl.errors import FitError
from ccqed_ctrl.params import Cavity, Cloud


def sizes(bench, frames, cloud=None):
    given = Cavity(), cloud or Cloud(), bench.imaging
    field = demodulate(*frames, bench.imaging, bench.decoder.band)
    return find_sizes(field, bench.positions, *given)


@pytest.mark.parametrize("size", [3.5e-6, 4.6e-6])
@pytest.mark.parametrize("blur", [0.0, 1.5e-6])
def test_blur_is_not_taken_for_clouds(bench, rng, size, blur):
    units = bench.emission(bench.positions, size=size, blur=blur)
    found = sizes(
        bench, bench.frames(bench.field(bench.random_spins(rng), 0.7, units), rng)
    )
    # One frame of 200 um: a few per cent of shot noise.
    assert found.cloud == pytest.approx(size, rel=0.05)
    assert found.spot == pytest.approx(np.hypot(size, blur), rel=0.02)


def test_what_is_dark_or_far_from_belief_is_refused(bench, rng):
    field = bench.field(bench.random_spins(rng))
    with pytest.raises(FitError, match="a size is not within"):
        sizes(bench, bench.frames(field, rng), Cloud(size=1.5e-6))


def test_a_window_in_front_of_the_camera_is_taken_out(bench, rng):
    """Fringes make waves brighter here than there, and clouds look larger."""
    x = np.arange(bench.imaging.pixels) - (bench.imaging.pixels - 1) / 2
    window = 1 + 0.2 * np.cos(2 * np.pi * x * bench.imaging.pixel_size / 200e-6)
    frames = bench.noiseless(bench.field(bench.random_spins(rng)))
    offset = bench.imaging.offset
    dimmed = [(frame - offset) * window + offset for frame in frames]
    assert abs(sizes(bench, dimmed).cloud / Cloud().size - 1) > 0.04
    even = flattened(*dimmed, bench.imaging)
    assert sizes(bench, even).cloud == pytest.approx(Cloud().size, rel=0.015)
    # Without a window nothing changes.
    field, same = (
        demodulate(*each, bench.imaging, bench.decoder.band).spectrum
        for each in (frames, flattened(*frames, bench.imaging))
    )
    np.testing.assert_allclose(same, field, atol=1e-9 * np.abs(field).max())
