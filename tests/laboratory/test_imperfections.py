"""Each knob of the truth: its sign and size, seen where the laboratory shows it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ccqed_ctrl.model.couplings import coupling_scale
from ccqed_ctrl.model.emission import emission_kernel, overlap_kernel
from ccqed_ctrl.model.imaging import pixel_axis
from ccqed_ctrl.params import Cloud
from sim_backend.crate.events import Event
from sim_backend.laboratory import imperfections
from sim_backend.laboratory.imperfections import (
    Delays,
    Detection,
    Imperfections,
    LightShifts,
    Losses,
)
from sim_backend.laboratory.plant import Plant
from sim_backend.laboratory.scenario import Scenario
from sim_backend.laboratory.wiring import TONES
from tests.laboratory.bench import (
    IDEAL,
    IMAGING,
    PERFECT,
    WIRING,
    Laboratory,
    optics,
    plan_shot,
    shutters,
    sites_of,
)  # fmt: skip

CAVITY, SIZE, WAIST = IDEAL.cavity, IDEAL.cloud.size, IDEAL.cavity.waist
PIXEL = IMAGING.pixel_size


# Off -------------------------------------------------------------------------------


@pytest.mark.parametrize("dynamics", ["steepest_descent", "mean_field"])
def test_with_every_knob_off_the_frames_are_those_from_before_there_were_any(dynamics):
    before = np.load(Path(__file__).with_name("frames_before.npz"))[dynamics]
    frames = Laboratory(plan_shot(0), 3, dynamics=dynamics).run()["frames"]
    # On another machine a Poisson draw near its edge may fall on the other side.
    assert np.mean(frames[:, ::5, ::5] != before) < 2e-3


def test_groups_are_ideal_by_default_and_every_number_is_bounded():
    groups = [
        group
        for group in vars(imperfections).values()
        if isinstance(group, type) and group.__module__ == imperfections.__name__
    ]
    assert len(groups) == 13
    for group in groups:
        for name, field in group.declared().items():
            if field.kind is bool:
                continue
            assert field.meaning.minimum is not None, name
            assert field.meaning.maximum is not None, name


# Camera ----------------------------------------------------------------------------


def exposed(scenario, events, exposure=10e-6, until=1_000_000, sites=None):
    plant = Plant(scenario, WIRING, 0)
    if sites is not None:
        plant.load_sites(sites)
    arm_id = plant.sensor.arm(1, exposure)
    plant.advance(events, until)
    (frame,) = plant.sensor.collect(arm_id)["frames"]
    return (frame - IMAGING.offset) * IMAGING.electrons_per_count


def switched(role, start, stop, amplitude=1.0):
    """Events that turn a tone on and off."""
    return [
        Event(start, role, "amplitude", amplitude),
        Event(start, f"{role}_switch", "level", 1.0),
        Event(stop, f"{role}_switch", "level", 0.0),
    ]


TRIGGER = [Event(100, "ttl_camera", "level", 1.0)]


def test_stray_light_falls_on_every_frame():
    truth = dataclasses.replace(IDEAL, detection=Detection(stray_rate=1e7))
    frame = exposed(truth, TRIGGER)
    assert frame.mean() == pytest.approx(100, rel=0.01)
    assert frame.std() == pytest.approx(np.hypot(10, IMAGING.read_noise), rel=0.05)


def test_fringes_modulate_the_light_by_their_contrast_along_x():
    detection = Detection(fringe_contrast=0.2, fringe_period=20 * PIXEL)
    truth = dataclasses.replace(IDEAL, detection=detection)
    frame = exposed(
        truth, sorted([*TRIGGER, *switched("local_oscillator", 50, 20_000)])
    )
    profile = frame.mean(axis=0) / frame.mean()
    spectrum = 2 * np.abs(np.fft.rfft(profile)) / len(profile)
    assert np.argmax(spectrum[1:]) + 1 == 160 // 20
    assert spectrum[8] == pytest.approx(0.2, rel=0.02)
    assert np.std(frame.mean(axis=1) / frame.mean()) < 0.01


def test_the_reference_drifts_linearly_within_a_shot():
    rates = Imperfections(phase_drift_rate=50.0)
    plants = [Plant(Scenario(imperfections=rates), WIRING, seed) for seed in range(200)]
    drawn = [plant.phases.drift_rate for plant in plants]
    assert np.std(drawn) == pytest.approx(50, rel=0.15)
    laboratory = Laboratory(
        plan_shot(0), imperfections=PERFECT.replace(phase_drift_rate=50.0)
    )
    laboratory.run()
    plant, sensed = laboratory.plant, laboratory.plant._optics
    events, _ = laboratory.events(100_000_000)
    shutter = shutters(events)[0]
    plant.advance([e for e in events if e.time_mu <= shutter], shutter)
    setting, m = plant._controls.setting(), plant.magnetization()
    light = plant._intracavity(m, setting, shutter)
    quadratures = [sensed.rate(light, turn * np.pi / 2, 1.0) for turn in range(3)]
    base = (quadratures[0] + quadratures[2]) / 2
    basis = np.column_stack([(q - base).ravel() for q in quadratures[:2]])
    phases = []
    for instant in (shutter, shutter + 10_000_000):
        seen = (plant._rate(m, setting, instant) - base).ravel()
        (c, s), *_ = np.linalg.lstsq(basis, seen, rcond=None)
        phases.append(np.arctan2(s, c))
    assert phases[1] - phases[0] == pytest.approx(
        plant.phases.drift_rate * 10e-3, abs=1e-6
    )


# Delays ----------------------------------------------------------------------------


def test_light_follows_the_rf_after_the_sound():
    truth = dataclasses.replace(IDEAL, delays=Delays(aom=700e-9))
    plant = Plant(truth, WIRING, 0)
    events = switched("local_oscillator", 1000, 5000)
    seen = []
    for time_mu in (1699, 1700, 5699, 5700):
        due = [e for e in events if e.time_mu <= time_mu]
        events = events[len(due) :]
        plant.advance(due, time_mu)
        seen.append(plant.observe("photodiodes", "adc2", time_mu))
        if time_mu == 5699:
            # What is on its way will be off: nobody left anything on.
            assert plant.safe_state() == []
    assert seen == [0.0, 1.0, 1.0, 0.0]


def test_a_late_exposure_misses_the_light():
    pulse = switched("local_oscillator", 100, 10_100)
    events = sorted([*TRIGGER, *pulse], key=lambda event: event.time_mu)
    prompt, late = (
        exposed(dataclasses.replace(IDEAL, delays=delays), events).mean()
        for delays in (Delays(), Delays(trigger=4e-6))
    )
    assert late / prompt == pytest.approx(0.6, rel=0.01)


def test_jitter_scatters_exposures_around_the_delay():
    truth = dataclasses.replace(
        IDEAL, delays=Delays(trigger=5e-6, trigger_jitter=0.5e-6)
    )
    late = [Plant(truth, WIRING, seed)._latencies.exposure() for seed in range(400)]
    assert np.mean(late) == pytest.approx(5000, abs=100)
    assert np.std(late) == pytest.approx(500, rel=0.15)
    assert Plant(IDEAL, WIRING, 0)._latencies.exposure() == 0


# The longitudinal drive's own light ------------------------------------------------


def test_the_camera_sees_the_longitudinal_drive_in_an_empty_cavity():
    """As bright as spins would be that feel the field it makes: closed form."""
    spots, f = sites_of(3), np.array([1.0, -0.5, 0.7])
    plant = Plant(IDEAL, WIRING, 0)
    plant.show_pattern(spots, f)
    # Fields lead spins as light leads fields: s = h pi (D^2+kappa^2)/(|D| g~^2) f.
    strength = IDEAL.longitudinal.full_scale * 0.3
    unit = IDEAL.pump_calibration.rabi_frequency_1v
    coupling = IDEAL.pump.replace(rabi_frequency=unit).mode_coupling(CAVITY)
    norm = CAVITY.pump_detuning**2 + CAVITY.kappa**2
    spins = strength * np.pi * norm / (abs(CAVITY.pump_detuning) * coupling**2) * f
    axis = pixel_axis(IMAGING)
    x, y = np.meshgrid(axis, axis)
    kernel = emission_kernel(
        np.column_stack([x.ravel(), y.ravel()]), spots, WAIST, SIZE
    )
    field = coupling * (kernel @ spins) / (2 * WAIST * np.sqrt(norm))
    share = 2 * CAVITY.kappa * IDEAL.detection.efficiency * PIXEL**2
    expected = (share * field**2 * 10e-6).reshape(x.shape)

    arm_id = plant.sensor.arm(1, 10e-6)
    events = [*switched("longitudinal", 50, 20_000, 0.3), *TRIGGER]
    plant.advance(sorted(events, key=lambda event: event.time_mu), 100_000)
    (frame,) = plant.sensor.collect(arm_id)["frames"]
    electrons = (frame - IMAGING.offset) * IMAGING.electrons_per_count
    assert expected.sum() > 1e5
    assert electrons.sum() == pytest.approx(expected.sum(), rel=0.02)
    overlap = np.corrcoef(electrons.ravel(), expected.ravel())[0, 1]
    assert overlap > 0.95


def test_its_phase_is_seen_against_the_references():
    """Turned alike, nobody sees it; by itself, the fringes move."""
    frames = []
    for drive, reference in ((0.0, 0.0), (0.13, 0.13), (0.13, 0.0), (0.0, 0.13)):
        plant = Plant(IDEAL, WIRING, 0)
        plant.show_pattern(sites_of(3), np.array([1.0, -0.5, 0.7]))
        arm_id = plant.sensor.arm(1, 10e-6)
        events = [*(Event(20, tone, "coherent", 1.0) for tone in TONES),
                  Event(20, "longitudinal", "phase", drive),
                  Event(20, "local_oscillator", "phase", reference),
                  *switched("longitudinal", 50, 20_000, 0.3),
                  *switched("local_oscillator", 50, 20_000), *TRIGGER]  # fmt: skip
        plant.advance(sorted(events, key=lambda event: event.time_mu), 100_000)
        (frame,) = plant.sensor.collect(arm_id)["frames"]
        frames.append(frame.astype(float))
    first, alike, ahead, behind = frames
    assert np.abs(alike - first).max() <= 1  # noise of the same seed, rounded
    assert np.abs(ahead - first).max() > 1000
    assert np.abs(behind - ahead).max() > 1000


def test_its_light_at_the_sites_is_the_field_it_makes():
    """h_i = -2 g_i alpha, alpha the light: one drive, two ways."""
    bench, f = optics(), np.array([1.0, -0.5, 0.7])
    clouds, spots = bench.clouds(sites_of(4, seed=5), SIZE), bench.spots(sites_of(3))
    light = bench.driven(spots @ f, 1.0)
    unit = IDEAL.pump_calibration.rabi_frequency_1v
    coupling = IDEAL.pump.replace(rabi_frequency=unit).mode_coupling(CAVITY)
    felt = -2 * coupling * WAIST * (clouds.T @ light).real
    field = IDEAL.longitudinal.full_scale * bench.pattern_field(clouds, spots, f)
    np.testing.assert_allclose(felt, field)
    # Without a shift the shifted field is the old one.
    shifted = bench.shifted_field(clouds, spots @ f, np.zeros(4))
    np.testing.assert_allclose(shifted, field / IDEAL.longitudinal.full_scale)


def test_blanked_or_off_it_leaves_the_camera_dark():
    for amplitude, blank in ((0.0, False), (0.3, True)):
        plant = Plant(IDEAL, WIRING, 0)
        plant.show_pattern(sites_of(3), np.ones(3))
        if blank:
            plant.blank_pattern()
        arm_id = plant.sensor.arm(1, 10e-6)
        events = [*switched("longitudinal", 50, 20_000, amplitude), *TRIGGER]
        plant.advance(sorted(events, key=lambda event: event.time_mu), 100_000)
        (frame,) = plant.sensor.collect(arm_id)["frames"]
        assert frame.mean() == pytest.approx(IMAGING.offset, abs=0.2)


# Atoms and light -------------------------------------------------------------------


def dimmed(**changes):
    """Return the light of a hologram over that of spins all there, and its plant.

    By the plant's own magnetizations: fewer spins are a little less polarised, too.
    """
    light, order = [], []
    for change in ({}, changes):
        laboratory = Laboratory(
            plan_shot(0), leave_out=("local_oscillator",), imperfections=PERFECT,
            **change,
        )  # fmt: skip
        plant = laboratory.plant
        events, _ = laboratory.events()
        shutter = shutters(events)[0]
        arm_id = plant.sensor.arm(1, 50e-6)
        plant.advance([e for e in events if e.time_mu <= shutter], shutter)
        m = plant.magnetization()
        order.append(m @ plant.atoms.couplings @ m)
        plant.advance([], shutter + 100_000)
        light.append(plant.sensor.collect(arm_id)["frames"][0].mean() - IMAGING.offset)
    return light[1] / light[0] * order[0] / order[1], plant, shutter


def test_lost_atoms_dim_the_light_by_their_square():
    ratio, plant, shutter = dimmed(losses=Losses(hold=30.0))
    held = (shutter - plant.phases.start_mu) * 1e-9
    assert ratio == pytest.approx(np.exp(-2 * 30 * held), rel=0.02)
    assert ratio < 0.8


def test_scattered_atoms_stop_shining():
    ratio, plant, _ = dimmed(losses=Losses(depolarisation=0.5, emission=0.1))
    photons = plant.atoms.ageing.photons
    # The hologram's own photons are counted, but hardly acted yet.
    assert ratio == pytest.approx(np.exp(-2 * 0.6 * photons), rel=0.03)
    assert photons > 0.3


def test_heated_clouds_couple_less_to_themselves():
    _, plant, _ = dimmed(losses=Losses(heating=2e-6))
    size = np.hypot(SIZE, 2e-6 * np.sqrt(plant.atoms.ageing.photons))
    # Followed in steps of a per cent.
    assert plant.atoms.size == pytest.approx(size, rel=0.011)
    grown = overlap_kernel(plant.atoms.sites, WAIST, plant.atoms.size) * coupling_scale(
        CAVITY, IDEAL.pump
    )
    np.testing.assert_allclose(
        np.diag(plant.atoms.couplings), np.diag(grown), rtol=0.01
    )
    # The next preparation brings cold atoms.
    plant.advance([Event(plant.now_mu, "ttl_prepare", "level", 1.0)], plant.now_mu + 10)
    assert plant.atoms.size == SIZE


def test_shifted_sites_shine_brighter_where_they_come_closer_to_resonance():
    """One ensemble of M atoms: its mode is at D - delta, also where rates rule."""
    site = np.array([[40e-6, 15e-6]])
    found = []
    for dispersion in (0.0, 0.3):
        shifts = LightShifts(dispersion=dispersion)
        truth = dataclasses.replace(
            IDEAL, light_shifts=shifts, dynamics="steepest_descent"
        )
        plant = Plant(truth, WIRING, 0)
        plant.load_sites(site)
        found.append(plant.atoms.system.couplings[0, 0])
    strength = overlap_kernel(site, WAIST, SIZE)[0, 0] / (2 * np.pi)
    delta = 0.3 * Cloud().atoms * CAVITY.single_photon_coupling**2 * strength
    delta /= IDEAL.pump.atomic_detuning
    moved = CAVITY.pump_detuning - delta
    assert abs(moved) < 0.7 * abs(CAVITY.pump_detuning)
    gain = moved / (moved**2 + CAVITY.kappa**2)
    before = CAVITY.pump_detuning / (CAVITY.pump_detuning**2 + CAVITY.kappa**2)
    assert found[1] / found[0] == pytest.approx(gain / before, rel=0.01)


@pytest.mark.parametrize("dynamics", ["mean_field", "semiclassical"])
def test_a_tenth_of_the_shift_still_loads_and_reads(dynamics):
    laboratory = Laboratory(
        plan_shot(0), dynamics=dynamics, light_shifts=LightShifts(dispersion=0.1)
    )
    row = laboratory.read(laboratory.run())
    assert abs(row["shot.spins"] @ laboratory.target) >= 12


# What is drawn ---------------------------------------------------------------------


def drawn(count=2000, **knobs):
    """Return a plant of many sites with one imperfection, and where they should be."""
    truth = dataclasses.replace(IDEAL, imperfections=PERFECT.replace(**knobs))
    sites, plant = sites_of(count), Plant(truth, WIRING, 1)
    plant.load_sites(sites)
    return plant, sites


def test_sites_scatter_by_the_placement_error_in_each_coordinate():
    plant, sites = drawn(placement_error=300e-9)
    moved = plant.atoms.sites - sites
    assert moved.std(axis=0) == pytest.approx([300e-9] * 2, rel=0.05)
    assert moved.mean(axis=0) == pytest.approx([0, 0], abs=4 * 300e-9 / np.sqrt(2000))


def test_atom_numbers_scatter_by_their_spread_about_the_number():
    plant, _ = drawn(atom_number_spread=0.05)
    atoms = 2 * plant.atoms.spins / IDEAL.cloud.atoms
    assert atoms.std() == pytest.approx(0.05, rel=0.05)
    assert atoms.mean() == pytest.approx(1, abs=4 * 0.05 / np.sqrt(2000))
    np.testing.assert_array_equal(drawn()[0].atoms.spins, IDEAL.cloud.atoms / 2)


def test_the_phase_of_the_light_is_read_as_it_drifted():
    """One angle per preparation, of the size that was told; more is a later phase."""
    knobs = PERFECT.replace(phase_drift=0.3)
    plants = [Plant(Scenario(imperfections=knobs), WIRING, seed) for seed in range(300)]
    assert np.std([plant.phases.drift for plant in plants]) == pytest.approx(
        0.3, rel=0.12
    )
    phases = []
    for values in (PERFECT, knobs):
        laboratory = Laboratory(plan_shot(0), 3, imperfections=values)
        phases.append(laboratory.read(laboratory.run())["shot.phase"])
    assert abs(laboratory.plant.phases.drift) > 0.1
    assert phases[1] - phases[0] == pytest.approx(
        laboratory.plant.phases.drift, abs=0.01
    )
