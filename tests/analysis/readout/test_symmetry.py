"""The cavity axis by the light alone; places of ensembles by the decoder's model."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.readout.demodulation import centred, demodulate
from analysis.readout.positions import find_places
from analysis.readout.symmetry import EDGE, centre_of_symmetry
from ccqed_ctrl.errors import FitError
from ccqed_ctrl.params import Axis, Cavity, Cloud


def seen(bench, rng, units, phase=0.4, light=1.0):
    """Return the demodulated field of random spins."""
    field = light * bench.field(bench.random_spins(rng), phase, units)
    return demodulate(*bench.frames(field, rng), bench.imaging, bench.decoder.band)


@pytest.mark.parametrize("place", [(0.0, 0.0), (2.6e-6, -1.4e-6), (-9e-6, 12e-6)])
def test_the_axis_is_where_the_light_is_its_own_mirror_image(bench, rng, place):
    units = bench.emission(bench.positions, centre=place)
    found = centre_of_symmetry(seen(bench, rng, units), bench.imaging)
    assert np.all(np.abs(found.place - place) < 3 * np.hypot(found.error, EDGE))
    assert np.all(found.error < 20e-9)
    assert found.share == pytest.approx(1.0, abs=0.05)


def test_its_error_is_that_of_shot_noise(bench, rng):
    field = bench.field(bench.random_spins(rng))
    found = [
        centre_of_symmetry(
            demodulate(*bench.frames(0.3 * field, rng), bench.imaging,
                       bench.decoder.band), bench.imaging)
        for _ in range(30)
    ]  # fmt: skip
    scatter = np.std([one.place for one in found], axis=0, ddof=1)
    told = np.mean([one.error for one in found], axis=0)
    # Of 30 the scatter is known to 13 %.
    np.testing.assert_allclose(scatter, told, rtol=0.4)


def test_light_without_a_mirror_image_has_no_axis(bench, rng):
    """A spot that is seen once: the other half of the frame is covered."""
    units = bench.emission(bench.positions)
    units[:, :, : units.shape[2] // 2] = 0
    with pytest.raises(FitError, match="is no mirror image of itself"):
        centre_of_symmetry(seen(bench, rng, units), bench.imaging)
    with pytest.raises(FitError, match="are the ensembles dark"):
        centre_of_symmetry(seen(bench, rng, units, light=0.0), bench.imaging)


def test_places_are_found_from_a_cloud_away(bench, rng):
    axis = Axis(1.5e-6, -0.8e-6)
    moved = bench.positions + rng.uniform(-2.5e-6, 2.5e-6, bench.positions.shape)
    units = bench.emission(moved, centre=axis.place)
    field = centred(seen(bench, rng, units), axis, bench.imaging)
    given = Cavity(), Cloud(), bench.imaging
    found = find_places(field, bench.positions, *given)
    far = np.linalg.norm(bench.positions, axis=1) > 10e-6  # not beside its own image
    pulls = ((found.places - moved) / found.errors)[far]
    assert np.abs(found.places - moved)[far].max() < 0.15e-6
    assert np.sqrt(np.mean(pulls**2)) < 2
    # Clouds of another size are where they are, all the same.
    wide = find_places(field, bench.positions, Cavity(), Cloud(size=4.4e-6), given[2])
    both = np.concatenate([moved, -moved])
    gaps = np.linalg.norm(moved[:, None] - both, axis=2)
    lone = np.sort(gaps, axis=1)[:, 1] > 14e-6
    assert lone.sum() > 3
    assert np.abs(wide.places - moved)[lone].max() < 0.4e-6


def test_an_empty_site_is_nowhere(bench, rng):
    units = bench.emission(bench.positions)
    units[5] = 0
    field = seen(bench, rng, units)
    found = find_places(field, bench.positions, Cavity(), Cloud(), bench.imaging)
    assert np.isnan(found.places[5]).all()
    assert np.isfinite(np.delete(found.places, 5, axis=0)).all()
