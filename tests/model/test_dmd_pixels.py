"""Mirrors of a DMD: the field they make in the midplane is that of the spots."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import LimitError, ShapeError
from ccqed_ctrl.model.dmd_pixels import Mirrors, midplane_field, mirror_pattern
from ccqed_ctrl.model.layout import sample_layout

MIRRORS = Mirrors(columns=512, rows=400)
SPOTS = sample_layout(20, 25e-6, 10e-6, np.random.default_rng(3))
AMPLITUDES = np.random.default_rng(4).uniform(-1, 1, size=20)


def test_mirrors_are_where_pitch_rotation_and_centre_say():
    """By hand: a quarter turn about a centre, counted downwards or upwards."""
    turned = Mirrors(
        columns=101, rows=51, pitch=1e-6, rotation=np.pi / 2, centre_x=5e-6
    )
    places = [[5e-6, 0.0], [5e-6, 10e-6], [25e-6, 0.0]]
    np.testing.assert_allclose(
        turned.places(places), [[50, 25], [60, 25], [50, 5]], atol=1e-9
    )
    mirrored = turned.replace(mirrored=True)
    np.testing.assert_allclose(
        mirrored.places(places), [[50, 25], [60, 25], [50, 45]], atol=1e-9
    )


def gaussians(spots, mirrors):
    """Return each spot's field at the mirrors, (N, rows, columns), by hand."""
    column, row = mirrors.places(spots).T[:, :, None, None]
    y, x = np.ogrid[: mirrors.rows, : mirrors.columns]
    squares = (x - column) ** 2 + (y - row) ** 2
    return np.exp(-squares / 2 * (mirrors.pitch / mirrors.spot) ** 2)


@pytest.mark.parametrize(
    "changes",
    [{}, {"rotation": 0.7, "mirrored": True, "centre_x": 10e-6}, {"share": 0.4}],
    ids=["as it is", "turned and mirrored", "with room for overlaps"],
)
def test_the_mirrors_make_the_field_of_the_spots(changes):
    mirrors = MIRRORS.replace(**changes)
    pattern = mirror_pattern(SPOTS, AMPLITUDES, mirrors)
    assert pattern.shape == (400, 512)
    assert pattern.dtype == bool
    each = gaussians(SPOTS, mirrors)
    found = midplane_field(pattern, mirrors)
    wanted = np.einsum("n,nij->ij", AMPLITUDES, each)
    miss = np.array([np.sum(g * (found - wanted)) / np.sum(g * g) for g in each])
    assert np.abs(miss.real).max() < 0.03 / (mirrors.share / 0.8)
    assert np.abs(miss.imag).max() < 0.03 / (mirrors.share / 0.8)
    assert np.linalg.norm(found - wanted) < 0.35 * np.linalg.norm(wanted)


def test_where_no_spot_is_no_mirror_is_on():
    dark = mirror_pattern(SPOTS, np.zeros(20), MIRRORS)
    assert not dark.any()
    one = mirror_pattern([[0.0, 0.0]], [1.0], MIRRORS)
    column, row = MIRRORS.places([[0.0, 0.0]])[0]
    lit = np.argwhere(one) - [row, column]
    assert 0 < np.hypot(*lit.T).max() < 6 * MIRRORS.spot / MIRRORS.pitch


def test_a_narrow_aperture_makes_a_spot_dimmer_and_wider():
    """Of a Gaussian's light, waves up to q make 1 - exp(-(q s)^2 / 2) of the peak."""
    pattern = mirror_pattern([[0.0, 0.0]], [1.0], MIRRORS)
    q = 1.2 / MIRRORS.spot
    peaks = [
        np.abs(midplane_field(pattern, mirrors)).max()
        for mirrors in (MIRRORS, MIRRORS.replace(aperture=q))
    ]
    assert peaks[0] == pytest.approx(1, rel=0.1)
    assert peaks[1] == pytest.approx(1 - np.exp(-(1.2**2) / 2), rel=0.05)


@pytest.mark.parametrize(
    ("positions", "amplitudes", "kind", "said"),
    [
        (SPOTS, AMPLITUDES[:-1], ShapeError, "DMD amplitudes must have shape"),
        (SPOTS[:1], [1j], ShapeError, "complex"),
        (SPOTS[:1], [1.01], LimitError, "DMD amplitude"),
        ([[123e-6, 0.0]], [1.0], LimitError, "spot 0 is on mirror 502 of row 200"),
        ([[0.0, 0.0], [3e-6, 0.0]], [1.0, 1.0], LimitError, "1.48 times what the mirr"),
    ],
)
def test_what_mirrors_cannot_is_refused(positions, amplitudes, kind, said):
    with pytest.raises(kind, match=said):
        mirror_pattern(positions, amplitudes, MIRRORS)


def test_a_pattern_of_another_dmd_is_refused():
    with pytest.raises(ShapeError, match=r"\(400, 512\)"):
        midplane_field(np.zeros((512, 400)), MIRRORS)


def test_dark_spots_may_be_beyond_the_mirrors():
    far = [[0.0, 0.0], [1e-3, 0.0]]
    alone = mirror_pattern(far[:1], [0.5], MIRRORS)
    np.testing.assert_array_equal(mirror_pattern(far, [0.5, 0.0], MIRRORS), alone)
