"""Demodulation: a known field comes back; what cannot be demodulated is refused."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.readout.demodulation import (
    Band,
    centred,
    demodulate,
    electrons,
    field_band,
)
from ccqed_ctrl.errors import DecodingError, ParameterError, ShapeError
from ccqed_ctrl.model.imaging import reference_wave
from ccqed_ctrl.params import Axis, Imaging


def demodulated(bench, frames, imaging=None):
    imaging = bench.imaging if imaging is None else imaging
    return demodulate(*frames, imaging, bench.decoder.band)


def relative_error(found, true):
    return np.linalg.norm(found - true) / np.linalg.norm(true)


@pytest.mark.parametrize("phase", [0.0, 1.0, -2.5])
def test_a_noiseless_hologram_gives_the_field_back(bench, rng, phase):
    spins = bench.random_spins(rng)
    emitted = bench.field(spins, phase) * np.sqrt(bench.exposure)
    found = demodulated(bench, bench.noiseless(bench.field(spins, phase)))
    # The band is all that is asked for. 0.05 to 0.15 % remain, whatever the number of
    # passes: what of |E|^2 and of the conjugate the frame's edge spreads into the band.
    true = bench.decoder.band.filter(emitted)
    assert relative_error(found.values, true) < 0.002
    assert found.valid.all()
    # The frame's own edges cut the nonlocal waves; nothing else is lost by the band.
    assert relative_error(true, emitted) < 0.1


def test_taking_the_autoterm_out_matters(bench, rng, monkeypatch):
    spins = bench.random_spins(rng)
    frames = bench.noiseless(bench.field(spins))
    true = bench.decoder.band.filter(bench.field(spins) * np.sqrt(bench.exposure))
    errors = []
    for passes in (0, 1, 2):
        monkeypatch.setattr("analysis.readout.demodulation.AUTOTERM_PASSES", passes)
        errors.append(relative_error(demodulated(bench, frames).values, true))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 2


def test_few_points_take_out_the_autoterm_as_all_pixels_would(bench, rng):
    frames = bench.noiseless(bench.field(bench.random_spins(rng)))
    blank = electrons(frames[1], bench.imaging)
    reference = reference_wave(bench.imaging) / np.sqrt(blank.mean())
    beat = electrons(frames[0], bench.imaging) - blank
    low_pass = bench.decoder.band.filter
    field = low_pass(beat * reference)
    for _ in range(2):
        field = low_pass((beat - np.abs(field) ** 2) * reference)
    assert relative_error(demodulated(bench, frames).values, field) < 1e-12


def test_a_single_plane_wave_is_exact(bench):
    # Without neighbours in Fourier space: E = const has no autoterm in the band.
    frames = bench.noiseless(np.full((160, 160), 30.0 + 0j))
    found = demodulated(bench, frames).values / np.sqrt(bench.exposure)
    assert np.median(found.real) == pytest.approx(30.0, rel=1e-2)
    assert abs(np.median(found.imag)) < 0.3


def test_the_noise_is_what_is_said(bench, rng):
    # Field zero: two frames of shot and read noise on the reference.
    found = demodulated(bench, bench.frames(np.zeros((160, 160)), rng))
    share = np.mean(bench.decoder.band.mask**2)
    variances = [part.var() for part in (found.values.real, found.values.imag)]
    # 25 600 pixels times the band's share of 0.06: 1 600 independent values, 3.5 %.
    np.testing.assert_allclose(variances, found.noise * share, rtol=0.15)
    # Level 2e4 e-, read noise 36 e-^2: shot noise of two frames, halved.
    assert found.noise == pytest.approx(1 + 36 / 2e4, rel=1e-3)


def test_electrons_undo_gain_and_offset():
    imaging = Imaging(electrons_per_count=2.0, offset=100.0)
    np.testing.assert_array_equal(electrons([[100, 150]], imaging), [[0.0, 100.0]])


# Bands ---------------------------------------------------------------------------


def test_a_band_keeps_inside_and_drops_outside():
    imaging = Imaging(pixels=128, pixel_size=1e-6)
    band = Band.of_radius(1e6, imaging)
    x = np.arange(128) * 1e-6
    wave_number = 2 * np.pi / 128e-6  # one period per frame
    for cycles, kept in ((5, 1), (18, 1), (23, 0), (60, 0)):
        wave = np.cos(cycles * wave_number * x)[None, :] * np.ones((128, 1))
        filtered = band.filter(wave)
        np.testing.assert_allclose(filtered, kept * wave, atol=1e-9)
        np.testing.assert_allclose(band.filter(wave.T), kept * wave.T, atol=1e-9)


def test_filtering_many_images_is_filtering_each(rng):
    band = Band.of_radius(2e6, Imaging(pixels=16, pixel_size=1e-6))
    images = rng.normal(size=(3, 16, 16))
    expected = np.stack([band.filter(image) for image in images])
    np.testing.assert_allclose(band.filter(images), expected, atol=1e-12)


@pytest.mark.parametrize(("pixels", "side"), [(64, 40), (63, 41), (64, 64)])
def test_a_coarser_grid_holds_the_band(rng, pixels, side):
    band = Band.of_radius(8e5, Imaging(pixels=pixels, pixel_size=1e-6))
    spectrum = band.spectrum(rng.normal(size=(pixels, pixels)))
    assert len(band.orders) < side
    light = np.sum(np.abs(spectrum) ** 2)
    assert np.sum(np.abs(band.image(spectrum)) ** 2) == pytest.approx(light)
    coarse, fine = band.image(spectrum, side), band.image(spectrum)
    assert coarse[0, 0] == pytest.approx(fine[0, 0])
    # On either grid it is one function: what is low-passed twice is the same.
    np.testing.assert_allclose(band.spectrum(coarse), band.spectrum(fine), atol=1e-12)


def test_the_band_of_clouds_holds_their_spots(bench):
    # A spot exp(-r^2/2 s^2) has the spectrum exp(-k^2 s^2/2): at 2.8/s, 2 %.
    band = field_band(4e-6, bench.imaging)
    assert band.mask[0, 0] == 1
    k = 2 * np.pi * np.fft.fftfreq(160, bench.imaging.pixel_size)
    inside = np.hypot(k[:, None], k) < 0.95 * 2.8 / 4e-6
    assert band.mask[inside].min() == pytest.approx(1)


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan])
def test_a_bad_band_is_refused(radius):
    with pytest.raises(ParameterError, match="band radius"):
        Band.of_radius(radius, Imaging())
    with pytest.raises(ParameterError, match="cloud_size"):
        field_band(radius, Imaging())


# What cannot be demodulated ------------------------------------------------------


def test_frames_of_another_size_are_refused(bench):
    good = np.full((160, 160), 1000.0)
    for frames in ((good[1:], good), (good, good[:, :-1]), (good[None], good)):
        with pytest.raises(ShapeError, match=r"must have shape \(160, 160\)"):
            demodulated(bench, frames)


def test_no_reference_light_is_refused(bench, rng):
    dark = [np.full((160, 160), 500.0)] * 2
    with pytest.raises(DecodingError, match="is the local oscillator on"):
        demodulated(bench, dark)
    # Signal light alone does not help.
    hologram, _ = bench.frames(bench.field(bench.random_spins(rng)), rng)
    with pytest.raises(DecodingError, match="local oscillator"):
        demodulated(bench, (hologram, dark[1]))


def test_a_mostly_saturated_frame_is_refused(bench, rng):
    imaging = bench.imaging.replace(saturation=5000)
    spins = bench.random_spins(rng)
    frames = bench.frames(bench.field(spins), rng, imaging=imaging)
    with pytest.raises(DecodingError, match="pixels are saturated; shorten"):
        demodulated(bench, frames, imaging)


def test_clipped_pixels_are_marked(bench, rng):
    spins = bench.random_spins(rng)
    hologram, reference = bench.frames(bench.field(spins), rng)
    top = int(np.sort(hologram.ravel())[-200])
    imaging = bench.imaging.replace(saturation=top)
    clipped = np.minimum(hologram, top)
    found = demodulated(bench, (clipped, reference), imaging)
    np.testing.assert_array_equal(found.valid, clipped < top)
    assert np.count_nonzero(~found.valid) >= 200


def test_a_field_is_moved_to_where_the_axis_is_said_to_be(bench, rng):
    axis = Axis(2.3e-6, -1.7e-6)
    spins = bench.random_spins(rng)
    units = bench.emission(bench.positions, centre=axis.place)
    field = demodulated(bench, bench.noiseless(bench.field(spins, units=units)))
    there = demodulated(bench, bench.noiseless(bench.field(spins)))
    moved = centred(field, axis, bench.imaging)
    inner = np.s_[20:-20, 20:-20]  # what enters at an edge has left at the other
    assert relative_error(field.values[inner], there.values[inner]) > 0.5
    assert relative_error(moved.values[inner], there.values[inner]) < 0.02
    assert centred(field, Axis(), bench.imaging) is field


def test_clipped_pixels_move_with_the_field(bench, rng):
    frames = bench.frames(bench.field(bench.random_spins(rng)), rng)
    frames[0][40, 70] = bench.imaging.saturation
    field = demodulated(bench, frames)
    axis = Axis(3.2 * bench.imaging.pixel_size, -1.9 * bench.imaging.pixel_size)
    (row,), (column,) = np.nonzero(~centred(field, axis, bench.imaging).valid)
    assert (row, column) == (42, 67)
