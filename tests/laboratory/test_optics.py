"""Alignment, the pump's profile, blurs: the light of sites that are elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.model.couplings import coupling_scale
from ccqed_ctrl.model.emission import emission_kernel, overlap_kernel
from ccqed_ctrl.model.imaging import pixel_axis
from sim_backend.laboratory.imperfections import (
    Alignment,
    PumpBeam,
    Resolution,
)
from sim_backend.laboratory.physics.geometry import turned
from tests.laboratory.bench import IDEAL, IMAGING, optics, sites_of

CAVITY, SIZE, WAIST = IDEAL.cavity, IDEAL.cloud.size, IDEAL.cavity.waist
PIXEL = IMAGING.pixel_size


def couplings(sites, **changes):
    made = optics(**changes)
    return made.couplings(made.clouds(sites, SIZE))


def closed_form(sites):
    scale = coupling_scale(CAVITY, IDEAL.pump)
    return scale * overlap_kernel(sites, WAIST, SIZE)


# Geometry --------------------------------------------------------------------------


def test_the_couplings_are_those_of_sites_seen_from_the_axis():
    d = np.array([2e-6, -1e-6])
    found = couplings(sites_of(), alignment=Alignment(axis_x=d[0], axis_y=d[1]))
    expected = closed_form(sites_of() - d)
    np.testing.assert_allclose(found, expected, atol=5e-3 * expected.max())
    assert np.abs(closed_form(sites_of() + d) - expected).max() > 0.05 * expected.max()


def test_axis_sites_and_camera_moved_together_move_the_image():
    steps = 3
    d = steps * PIXEL
    moved = optics(alignment=Alignment(axis_x=d))
    rates = []
    for bench, shift in ((optics(), 0.0), (moved, d)):
        clouds = bench.clouds(sites_of() + [shift, 0.0], SIZE)
        light = bench.emission(clouds, np.ones(6), IDEAL.pump.rabi_frequency)
        rates.append(bench.rate(light, 0.0, 0.0))
    np.testing.assert_allclose(
        rates[1][:, steps:], rates[0][:, :-steps], atol=1e-6 * rates[0].max()
    )


def test_magnification_and_rotation_are_of_the_sites_alone():
    found = couplings(
        sites_of(), alignment=Alignment(magnification=1.02, rotation=0.05)
    )
    expected = closed_form(turned(sites_of(), 1.02, 0.05))
    np.testing.assert_allclose(found, expected, atol=5e-3 * expected.max())
    # The DMD stays: its spots miss the sites.
    bench = optics(alignment=Alignment(rotation=0.05))
    np.testing.assert_array_equal(bench.spots(sites_of()), optics().spots(sites_of()))


def test_distortion_moves_the_sites_outwards_by_the_cube_of_their_distance():
    """By hand: at 100 um by a hundredth, at 50 um by a quarter of that."""
    sites = np.array([[60e-6, 80e-6], [-50e-6, 0.0]])
    bench = optics(alignment=Alignment(distortion=0.01, rotation=0.05))
    moved = turned(np.array([[60.6e-6, 80.8e-6], [-50.125e-6, 0.0]]), 1.0, 0.05)
    found, expected = bench.clouds(sites, SIZE), optics().clouds(moved, SIZE)
    np.testing.assert_allclose(found, expected, atol=1e-9 * np.abs(expected).max())


def test_a_gaussian_pump_weighs_couplings_field_and_light():
    waist = 120e-6
    profile = np.exp(-np.sum(sites_of() ** 2, axis=1) / waist**2)
    bench, flat = optics(pump_beam=PumpBeam(waist=waist)), optics()
    clouds, ideal = (made.clouds(sites_of(), SIZE) for made in (bench, flat))
    np.testing.assert_allclose(
        bench.couplings(clouds), np.outer(profile, profile) * flat.couplings(ideal)
    )
    spots = bench.spots(sites_of())
    np.testing.assert_allclose(
        bench.pattern_field(clouds, spots, np.ones(6)),
        profile * flat.pattern_field(ideal, spots, np.ones(6)),
    )
    np.testing.assert_allclose(
        bench.emission(clouds, np.ones(6), 1e9), flat.emission(ideal, profile, 1e9)
    )


# Resolution ------------------------------------------------------------------------


def test_a_blurred_image_is_that_of_a_larger_cloud():
    """The local spot's width adds in squares; its amplitude falls with its area."""
    blur, site = 2e-6, np.array([[40.5 * PIXEL, 12.5 * PIXEL]])
    bench = optics(resolution=Resolution(imaging=blur))
    light = bench.emission(bench.clouds(site, SIZE), [1.0], IDEAL.pump.rabi_frequency)
    rate = bench.rate(light, 0.0, 0.0)
    axis = pixel_axis(IMAGING)
    row, column = (int(np.argmin(np.abs(axis - z))) for z in site[0][::-1])
    cut = np.sqrt(rate[row, column - 8 : column + 9])
    width = np.hypot(SIZE, blur)
    points = np.column_stack([axis[column - 8 : column + 9], np.full(17, axis[row])])
    spot = emission_kernel(points, site, WAIST, width)[:, 0]
    np.testing.assert_allclose(cut / cut.max(), spot / spot.max(), atol=0.02)
    sharp = np.sqrt(optics().rate(light, 0.0, 0.0)[row, column])
    ratio = emission_kernel(site, site, WAIST, width) / emission_kernel(
        site, site, WAIST, SIZE
    )
    assert cut.max() / sharp == pytest.approx(ratio[0, 0], rel=0.01)


def test_a_blurred_dmd_writes_less_on_its_own_site():
    """Overlap of Gaussians s and s': w0^2/(4 (s^2 + s'^2)) in place of beta."""
    blur, sites = 2e-6, np.array([[50e-6, 20e-6]])
    bench, sharp = optics(resolution=Resolution(dmd=blur)), optics()
    clouds = sharp.clouds(sites, SIZE)
    found, ideal = (
        made.pattern_field(clouds, made.spots(sites), np.ones(1))[0]
        for made in (bench, sharp)
    )
    beta = WAIST**2 / (8 * SIZE**2)
    assert ideal == pytest.approx(overlap_kernel(sites, WAIST, SIZE)[0, 0], rel=0.01)
    lost = beta - WAIST**2 / (4 * (2 * SIZE**2 + blur**2))
    # The nonlocal part hardly feels the blur.
    assert ideal - found == pytest.approx(lost, rel=0.1)


def test_what_is_kept_is_what_would_be_made_anew():
    kept = optics()
    places = [sites_of(3, seed) for seed in (1, 2)]
    clouds = kept.clouds(places[0], SIZE)
    for turn in (0, 1, 1, 0):
        new = optics()
        made = [
            (
                spots := each.spots(places[turn]),
                each.pattern_field(clouds, spots, np.ones(3)),
                each.rate(each.emission(spots, np.ones(3), 1e8), 0.3, 1.0),
            )
            for each in (kept, new)
        ]
        for mine, anew in zip(*made, strict=True):
            np.testing.assert_array_equal(mine, anew)
