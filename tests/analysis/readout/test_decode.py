"""Decoding: right at high light, honest at low light, and never surer than that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.readout import decode
from analysis.readout.decode import Decoder
from analysis.readout.demodulation import Field, demodulate
from ccqed_ctrl.errors import DecodingError, ShapeError
from ccqed_ctrl.model.emission import emission_kernel
from ccqed_ctrl.model.imaging import pixel_axis
from ccqed_ctrl.params import Cavity, Cloud


def test_random_states_at_high_light(bench, rng):
    for _ in range(20):
        spins = bench.random_spins(rng)
        readout = bench.read(bench.frames(bench.field(spins), rng))
        np.testing.assert_array_equal(readout.spins, spins)
        assert readout.error_probability.max() < 1e-9
        assert readout.residual_fraction < 1e-3
        assert readout.saturated == 0


def test_amplitudes_are_real_and_equal(bench, rng):
    spins = bench.random_spins(rng)
    readout = bench.read(bench.noiseless(bench.field(spins)))
    projected = readout.amplitudes * np.exp(-1j * readout.phase) * spins
    np.testing.assert_allclose(projected.imag, 0, atol=0.02 * projected.real.mean())
    np.testing.assert_allclose(projected.real, projected.real.mean(), rtol=0.03)


def test_error_probabilities_are_calibrated(bench, rng):
    """At about 5 % errors, predicted and counted errors agree within chance.

    The light is dimmed, not the reference, so that this is shot noise alone.
    """
    predicted, wrong = [], []
    for _ in range(150):
        spins = bench.random_spins(rng)
        frames = bench.frames(0.041 * bench.field(spins), rng, exposure=5e-6)
        readout = bench.read(frames)
        if np.all(readout.spins == 0):
            continue  # called dark: nothing was claimed
        predicted.append(readout.error_probability)
        wrong.append(bench.signs(readout) != spins)
    predicted, wrong = np.array(predicted), np.array(wrong)
    assert len(wrong) > 100
    assert 0.01 < wrong.mean() < 0.1

    def deviations(chosen):
        p = predicted[chosen]
        return (wrong[chosen].sum() - p.sum()) / np.sqrt(np.sum(p * (1 - p)))

    assert abs(deviations(np.full(wrong.shape, True))) < 4
    for low, high in ((0, 0.02), (0.02, 0.15), (0.15, 0.5)):
        chosen = (predicted >= low) & (predicted < high)
        assert np.count_nonzero(chosen) > 50
        assert abs(deviations(chosen)) < 4
    # And a spin is called only when it is rarely wrong.
    assert wrong[predicted < decode.UNDETERMINED].mean() < 2 * decode.UNDETERMINED


def test_less_light_less_certainty(bench, rng):
    spins = bench.random_spins(rng)
    worst = [
        bench.read(
            bench.frames(scale * bench.field(spins), rng, exposure=5e-6)
        ).error_probability.mean()
        for scale in (0.1, 0.05, 0.01)
    ]
    assert worst == sorted(worst)
    assert worst[0] < 1e-3
    assert worst[-1] > 0.1


def test_a_dark_frame_determines_nothing(bench, rng):
    for _ in range(20):
        readout = bench.read(bench.frames(np.zeros((160, 160)), rng))
        np.testing.assert_array_equal(readout.spins, 0)
        np.testing.assert_array_equal(readout.error_probability, 0.5)
        assert readout.residual_fraction == 1.0


def test_an_empty_site_is_undetermined_and_the_others_are_right(bench, rng):
    for empty in (0, 7, 15):
        spins = bench.random_spins(rng)
        spins[empty] = 0
        readout = bench.read(bench.frames(bench.field(spins), rng))
        np.testing.assert_array_equal(readout.spins, spins)
        assert readout.error_probability[empty] == 0.5


def test_light_of_something_else_is_residual(bench, rng):
    spins = bench.random_spins(rng)
    everywhere = np.vstack([bench.positions, -bench.positions])
    place = np.array([[0.0, 0.0], [15e-6, 60e-6], [60e-6, 0.0], [30e-6, -50e-6]])
    gaps = np.linalg.norm(place[:, None] - everywhere, axis=2).min(axis=1)
    assert gaps.max() > 12e-6
    stray = bench.emission(place[[np.argmax(gaps)]])[0]
    clean = bench.read(bench.frames(bench.field(spins), rng))
    dirty = bench.read(bench.frames(bench.field(spins) + stray, rng))
    # One emitter of seventeen is not explained.
    assert dirty.residual_fraction == pytest.approx(1 / 17, rel=0.5)
    assert clean.residual_fraction < 1e-3


# The global sign -----------------------------------------------------------------


@pytest.mark.parametrize("drift", [-1.2, -0.3, 0.0, 0.3, 1.2])
def test_the_phase_is_followed_within_a_quarter_turn(bench, rng, drift):
    spins = bench.random_spins(rng)
    readout = bench.read(bench.frames(bench.field(spins, drift), rng))
    np.testing.assert_array_equal(readout.spins, spins)
    expected = bench.decoder.expected_phase + drift
    assert readout.phase == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("slip", [np.pi, -np.pi, 2.0])
def test_beyond_it_all_spins_turn_over(bench, rng, slip):
    spins = bench.random_spins(rng)
    readout = bench.read(bench.frames(bench.field(spins, slip), rng))
    np.testing.assert_array_equal(readout.spins, -spins)


def test_the_reference_of_the_sign_is_named(bench):
    assert bench.decoder.sign_reference == "local_oscillator_phase"
    turned = bench.imaging.replace(phase=0.7)
    decoder = Decoder.of_layout(bench.positions[:2], Cavity(), Cloud(), turned)
    assert decoder.expected_phase == pytest.approx(bench.decoder.expected_phase + 0.7)


# Imperfect knowledge -------------------------------------------------------------


def test_magnification_errors_show_before_they_matter(bench, rng):
    spins = bench.random_spins(rng)
    residuals = []
    for error in (0.0, 0.005, 0.01, 0.02):
        units = bench.emission(bench.positions, 1 + error)
        readout = bench.read(bench.frames(bench.field(spins, units=units), rng))
        residuals.append(readout.residual_fraction)
        np.testing.assert_array_equal(readout.spins, spins)
    assert residuals == sorted(residuals)
    assert residuals[-1] > 100 * residuals[0]


def test_placement_errors_show_before_they_matter(bench, rng):
    spins = bench.random_spins(rng)
    direction = rng.normal(size=bench.positions.shape)
    residuals = []
    for error in (0.0, 0.2e-6, 0.5e-6, 1e-6):
        units = bench.emission(bench.positions + error * direction)
        readout = bench.read(bench.frames(bench.field(spins, units=units), rng))
        residuals.append(readout.residual_fraction)
        np.testing.assert_array_equal(readout.spins, spins)
    assert residuals == sorted(residuals)
    assert residuals[-1] > 0.02


@pytest.mark.parametrize("size", [0.3e-6, 1e-6, 2e-6])
def test_the_distance_of_the_light_from_its_sites_is_measured(bench, rng, size):
    """To first order in it, and little more is lost at half a cloud's size."""
    direction = rng.normal(size=bench.positions.shape)
    direction /= np.sqrt(np.mean(np.sum(direction**2, axis=1)))
    places = bench.positions + size * direction
    field = bench.field(bench.random_spins(rng), units=bench.emission(places))
    readout = bench.read(bench.frames(field, rng))
    assert readout.displacement == pytest.approx(size, rel=0.15)
    assert readout.displacement_chance < 1e-9


def test_with_all_in_place_noise_alone_is_what_was_promised(bench, rng):
    """The chance is uniform: 2 chi^2 of the noise has the degrees said."""
    spins = bench.random_spins(rng)
    field = 0.3 * bench.field(spins)
    chances = [
        bench.read(bench.frames(field, rng)).displacement_chance for _ in range(60)
    ]
    assert stats.kstest(chances, "uniform").pvalue > 1e-3


def test_clipped_pixels_hide_no_displacement(bench, rng):
    spins = bench.random_spins(rng)
    shifted = bench.positions + [1e-6, 0]
    frames = bench.frames(bench.field(spins, units=bench.emission(shifted)), rng)
    top = int(np.sort(frames[0].ravel())[-150])
    imaging = bench.imaging.replace(saturation=top)
    readout = bench.read((np.minimum(frames[0], top), frames[1]), imaging)
    assert readout.saturated >= 150
    assert readout.displacement == pytest.approx(1e-6, rel=0.2)


def test_a_site_on_the_axis_has_nowhere_to_be_displaced(bench):
    """A step makes as much light on one side as it takes on the other."""
    decoder = Decoder.of_layout(np.zeros((1, 2)), Cavity(), Cloud(), bench.imaging)
    assert decoder.templates.slopes.shape[1] == 0
    field = Field(
        decoder.band,
        decoder.templates.part.spectrum(1e4 * decoder.templates.images[:, 0]),
        np.ones((160, 160), bool),
        1.0,
    )
    readout = decoder.decode(field)
    assert (readout.displacement, readout.displacement_chance) == (0.0, 1.0)


def test_clipped_pixels_are_censored(bench, rng):
    spins = bench.random_spins(rng)
    hologram, reference = bench.frames(bench.field(spins), rng)
    top = int(np.sort(hologram.ravel())[-150])
    imaging = bench.imaging.replace(saturation=top)
    clipped = np.minimum(hologram, top)
    readout = bench.read((clipped, reference), imaging)
    np.testing.assert_array_equal(readout.spins, spins)
    assert readout.saturated == np.count_nonzero(clipped == top) >= 150
    # What is censored has no weight, whatever stands there.
    rubbish = np.where(clipped == top, 65535, clipped)
    spoilt = bench.read((rubbish, reference), imaging)
    np.testing.assert_array_equal(spoilt.amplitudes, readout.amplitudes)
    assert spoilt.residual_fraction == readout.residual_fraction


@pytest.mark.parametrize("clipped", [0, 150])
def test_the_band_says_what_all_pixels_say(bench, rng, clipped):
    """Amplitudes, light and residual are those of least squares over the pixels."""
    hologram, reference = bench.frames(bench.field(bench.random_spins(rng)), rng)
    imaging = bench.imaging.replace(saturation=int(np.sort(hologram.ravel())[-clipped]))
    imaging = imaging if clipped else bench.imaging
    hologram = np.minimum(hologram, imaging.saturation)
    field = demodulate(hologram, reference, imaging, bench.decoder.band)
    found = bench.decoder.decode(field)
    assert (found.saturated >= 150) == (clipped > 0)

    axis = pixel_axis(imaging)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    kernel = emission_kernel(points, bench.positions, Cavity().waist, Cloud().size)
    images = kernel.T.reshape(-1, *field.valid.shape)
    seen = bench.decoder.band.filter(images).real[:, field.valid].T
    data = field.values[field.valid]
    amplitudes = np.linalg.lstsq(seen, data, rcond=None)[0]
    size = np.abs(amplitudes).max()
    np.testing.assert_allclose(found.amplitudes, amplitudes, atol=1e-9 * size)
    rest = np.sum(np.abs(data - seen @ amplitudes) ** 2)
    noise = 2 * field.noise * field.valid.sum() * bench.decoder.band.share
    light = np.sum(np.abs(data) ** 2) - noise
    expected = np.clip((rest - noise) / light, 0, 1)
    assert found.residual_fraction == pytest.approx(expected, abs=1e-9)


def test_sites_on_top_of_each_other_are_refused(bench, rng):
    for twin in (bench.positions[:1], -bench.positions[:1]):
        sites = np.vstack([bench.positions, twin])
        decoder = Decoder.of_layout(sites, Cavity(), Cloud(), bench.imaging)
        frames = bench.frames(bench.field(bench.random_spins(rng)), rng)
        field = demodulate(*frames, bench.imaging, decoder.band)
        with pytest.raises(DecodingError, match="17 templates are not independent"):
            decoder.decode(field)


def test_a_field_of_another_size_is_refused(bench, rng):
    frames = bench.frames(bench.field(bench.random_spins(rng)), rng)
    field = demodulate(*frames, bench.imaging, bench.decoder.band)
    small = replace(field, valid=field.valid[1:])
    with pytest.raises(ShapeError, match="field"):
        bench.decoder.decode(small)
