"""The plant: honest failures, honest noise, and time that can be cut anywhere."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import DeviceError, TimelineError
from ccqed_ctrl.model import ising
from ccqed_ctrl.model.emission import emission_kernel
from ccqed_ctrl.model.imaging import pixel_axis
from ccqed_ctrl.units import angular
from sim_backend.crate.events import Event
from sim_backend.laboratory.imperfections import Lock
from sim_backend.laboratory.plant import Plant
from sim_backend.laboratory.scenario import Detection, Scenario
from tests.laboratory.bench import (
    ENSEMBLES,
    IMAGING,
    MS,
    PERFECT,
    WIRING,
    Laboratory,
    plan_shot,
    shutters,
)


@pytest.fixture(scope="module")
def plan():
    return plan_shot(0)


def outcome(laboratory, **options):
    return laboratory.read(laboratory.run(**options))


def overlap(laboratory, row):
    return row["shot.spins"] @ laboratory.target / ENSEMBLES


# The standard shot ---------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_what_is_written_is_read(seed):
    laboratory = Laboratory(plan_shot(seed), seed)
    row = outcome(laboratory)
    np.testing.assert_array_equal(row["shot.spins"], laboratory.target)
    assert row["shot.pixels_wrong"] == 0
    assert row["shot.residual"] < 1e-2
    assert laboratory.plant.safe_state() == []


@pytest.mark.parametrize("rates", ["exact", "printed"])
def test_mean_field_dynamics_load_the_cue(plan, rates):
    laboratory = Laboratory(plan, dynamics="mean_field", flip_rates=rates)
    row = outcome(laboratory)
    # Polarised along the cue; that it stays a minimum is not promised.
    assert overlap(laboratory, row) > 0.7
    assert np.all(row["shot.spins"] != 0)


def test_what_the_dressed_model_cannot_know_is_said_once(caplog):
    """A longitudinal drive that turns by half a turn reverses every field at once."""

    def hit(dynamics):
        plant = Laboratory(plan_shot(0, field_off_time=0.0), dynamics=dynamics)
        events, end = plant.events()
        held = next(e for e in events if e[1:] == ("longitudinal_switch", "level", 0))
        turned = [held._replace(time_mu=held.time_mu - back) for back in (90_000, 50)]
        events += [
            e._replace(channel="longitudinal", signal="phase", value=value)
            for e, value in zip(turned, (0.5, 0.0), strict=True)
        ]
        plant.plant.advance(sorted(events), end)
        return plant.plant.doubts()

    assert "field reversed within 1/omega_z" in hit("mean_field")
    said = [r.getMessage() for r in caplog.records]
    assert sum(line.startswith("field reversed") for line in said) == 1
    caplog.clear()
    assert hit("steepest_descent") == hit("semiclassical") == []
    assert caplog.text == ""


def test_shots_follow_each_other(plan):
    laboratory = Laboratory(plan)
    first, second = laboratory.run(), laboratory.run(100 * MS)
    for recorded in (first, second):
        spins = laboratory.read(recorded)["shot.spins"]
        np.testing.assert_array_equal(spins, laboratory.target)
    assert np.any(first["frames"] != second["frames"])


@pytest.mark.parametrize("lock", [Lock(), Lock(drift=angular(3e6))])
def test_light_is_as_bright_as_the_closed_form_says(plan, lock):
    """Without reference the frame is eta 2 kappa |E|^2 of `emission_kernel`.

    At the true detuning of its instant, drawn once a shot where it drifts.
    """
    laboratory = Laboratory(
        plan, leave_out=("local_oscillator",), imperfections=PERFECT, lock=lock
    )
    truth, sequence = laboratory.plant.scenario, plan.sequence
    events, _ = laboratory.events()
    shutter = shutters(events)[0]
    arm_id = laboratory.plant.sensor.arm(1, sequence.exposure)
    laboratory.plant.advance([e for e in events if e.time_mu <= shutter], shutter)
    spins = laboratory.plant.magnetization() * truth.cloud.atoms / 2
    laboratory.plant.advance([], shutter + MS)
    (frame,) = laboratory.plant.sensor.collect(arm_id)["frames"]

    pump = truth.pump.replace(rabi_frequency=plan.pump.final)
    cavity = truth.cavity
    axis = pixel_axis(IMAGING)
    x, y = np.meshgrid(axis, axis)
    kernel = emission_kernel(
        np.column_stack([x.ravel(), y.ravel()]), plan.memory.positions, cavity.waist,
        truth.cloud.size,
    )  # fmt: skip
    detuning = laboratory.plant.atoms.ageing.detuning(shutter)
    assert (abs(detuning / cavity.pump_detuning - 1) > 0.1) == (lock.drift > 0)
    response = 2 * cavity.waist * np.hypot(detuning, cavity.kappa)
    field = pump.mode_coupling(cavity) * (kernel @ spins) / response
    share = 2 * cavity.kappa * truth.detection.efficiency * IMAGING.pixel_size**2
    expected = share * np.sum(field**2) * sequence.exposure
    electrons = (frame - IMAGING.offset) * IMAGING.electrons_per_count
    # Shot noise 1/sqrt(1e5); the mode sum is good to 1e-3; pixels round evenly.
    assert expected > 1e5
    assert electrons.sum() == pytest.approx(expected, rel=0.01)


# The five honest failures --------------------------------------------------------


def test_a_pump_that_is_never_ramped_leaves_the_frame_dark(plan):
    row = outcome(Laboratory(plan, leave_out=("pump",)))
    np.testing.assert_array_equal(row["shot.spins"], 0)
    np.testing.assert_array_equal(row["shot.error_probability"], 0.5)
    assert row["shot.residual"] == 1.0


def test_without_the_longitudinal_drive_the_cue_is_not_there(plan):
    """The spins find some minimum; which one, the plant's noise decides.

    Every state is as likely as its negative, so that the overlap with the cue has the
    mean zero.
    """
    overlaps, minima = [], []
    for seed in range(24):
        laboratory = Laboratory(plan, seed, leave_out=("longitudinal",))
        row = outcome(laboratory)
        overlaps.append(overlap(laboratory, row))
        if np.all(row["shot.spins"] != 0):
            minima.append(ising.is_minimum(plan.memory.couplings, row["shot.spins"]))
    error = np.std(overlaps) / np.sqrt(len(overlaps))
    assert abs(np.mean(overlaps)) < 3 * error
    assert error < 0.2
    assert len(minima) > 20
    # Two per cent of atom number spread can move a marginal spin.
    assert np.mean(minima) > 0.8


@pytest.mark.parametrize("site", [0, 5, 15])
def test_an_empty_site_is_undetermined_and_the_others_are_right(plan, site):
    laboratory = Laboratory(plan, empty_sites=(site,))
    row = outcome(laboratory)
    assert np.flatnonzero(laboratory.truth == 0) == [site]
    np.testing.assert_array_equal(row["shot.spins"], laboratory.truth)
    # The hole may turn a neighbour that it held; it leaves the rest.
    assert overlap(laboratory, row) >= 13 / 16
    assert row["shot.error_probability"][site] == 0.5


def test_an_empty_site_that_is_no_site_is_said(plan, caplog):
    Laboratory(plan, empty_sites=(15, 16, 99_999)).run()
    assert "empty_sites [16, 99999] are none: the traps are 0 to 15" in caplog.text


def test_without_a_trigger_there_are_no_frames(plan):
    recorded = Laboratory(plan, leave_out=("trigger",)).run()
    assert recorded["missing"] == 2
    assert recorded["frames"].shape == (0, 160, 160)
    assert np.isnan(Laboratory(plan).read(recorded)["shot.residual"])


def test_far_too_long_an_exposure_is_said(caplog):
    laboratory = Laboratory(plan_shot(0, exposure=3e-3))
    recorded = laboratory.run()
    assert recorded["saturated"].min() > 0.99 * 160**2
    assert np.isnan(laboratory.read(recorded)["shot.residual"])
    assert "saturated; shorten the exposure" in caplog.text


def test_a_little_too_long_an_exposure_is_censored():
    laboratory = Laboratory(plan_shot(0, exposure=230e-6))
    recorded = laboratory.run()
    assert recorded["saturated"][0] > 100
    assert recorded["saturated"][1] == 0
    row = laboratory.read(recorded)
    np.testing.assert_array_equal(row["shot.spins"], laboratory.target)


def test_too_short_an_exposure_raises_the_error_probabilities():
    worst = []
    for exposure in (50e-6, 5e-6, 1e-6):
        laboratory = Laboratory(
            plan_shot(0, exposure=exposure), detection=Detection(efficiency=5e-4)
        )
        worst.append(outcome(laboratory)["shot.error_probability"].max())
    assert worst == sorted(worst)
    assert worst[0] < 1e-3
    assert worst[-1] > 0.05


# Other imperfections -------------------------------------------------------------


def test_placement_errors_are_residual_before_they_are_errors(plan):
    residuals = []
    for rms in (0.0, 0.5e-6, 1e-6):  # per coordinate
        moved = PERFECT.replace(placement_error=rms)
        row = outcome(laboratory := Laboratory(plan, imperfections=moved))
        np.testing.assert_array_equal(row["shot.spins"], laboratory.truth)
        residuals.append(row["shot.residual"])
        # It says by how much: the scatter of N places is 1/sqrt(2 N) of it or so.
        assert row["shot.displacement"] == pytest.approx(2**0.5 * rms, 0.3, 0.05e-6)
    assert residuals == sorted(residuals)
    assert residuals[-1] > 0.02 > 20 * residuals[0]


def test_no_reference_light_is_said(plan, caplog):
    row = outcome(Laboratory(plan, leave_out=("local_oscillator",)))
    assert "is the local oscillator on" in caplog.text
    assert np.all(row["shot.spins"] == 0)
    assert np.isnan(row["shot.emission"]).all()


def test_a_tone_in_continuous_mode_loses_both_signs(plan):
    """Which way the cue is written, and which way the hologram is read, is chance."""
    written, read = [], []
    for seed in range(16):
        laboratory = Laboratory(
            plan, seed, continuous=("local_oscillator",), imperfections=PERFECT
        )
        spins = outcome(laboratory)["shot.spins"]
        written.append(np.sign(laboratory.truth @ laboratory.target))
        read.append(np.sign(spins @ laboratory.truth))
    # Fair coins: fewer than three of one side once in 240.
    # Locked, both are always right (`test_what_is_written_is_read`).
    assert 3 <= written.count(1) <= 13
    assert 3 <= read.count(1) <= 13
    assert 3 <= np.sum(np.multiply(written, read) == 1) <= 13  # two coins


@pytest.mark.parametrize(
    ("tone", "turns", "sign"),
    [("longitudinal", 0.5, -1), ("longitudinal", 1.0, 1), ("pump_plus", 1.0, -1)],
)
def test_the_phase_of_the_drive_decides_what_is_written(plan, tone, turns, sign):
    laboratory = Laboratory(plan, imperfections=PERFECT)
    laboratory.plant.advance([Event(10, tone, "phase", turns)], 20)
    laboratory.run()
    np.testing.assert_array_equal(laboratory.truth, sign * laboratory.target)


def test_half_a_turn_between_the_pumps_turns_all_spins(plan):
    """The mean of two phases is known modulo a half turn: 2 pi on one is a flip."""
    rows = []
    for slip in (0.0, 1.0):
        laboratory = Laboratory(plan, imperfections=PERFECT)
        events, end = laboratory.events()
        slipped = Event(shutters(events)[0] - 10, "pump_plus", "phase", slip)
        events = sorted([*events, slipped], key=lambda event: event.time_mu)
        arm_id = laboratory.plant.sensor.arm(2, plan.sequence.exposure)
        laboratory.plant.advance(events, end)
        row = laboratory.read(laboratory.plant.sensor.collect(arm_id))
        rows.append(row["shot.spins"])
    np.testing.assert_array_equal(rows[1], -rows[0])


def test_no_sites_no_light():
    plant = Plant(Scenario(imaging=IMAGING), WIRING, 0)
    arm_id = plant.sensor.arm(1, 1e-5)
    plant.advance([Event(10, "ttl_camera", "level", 1.0)], MS)
    (frame,) = plant.sensor.collect(arm_id)["frames"]
    assert frame.mean() == pytest.approx(IMAGING.offset, abs=0.2)
    assert plant.magnetization().shape == (0,)


def test_a_single_ensemble_shines():
    plant = Plant(Scenario(imaging=IMAGING, imperfections=PERFECT), WIRING, 0)
    plant.load_sites(np.array([[30e-6, 0.0]]))
    events = [
        *(Event(10, tone, "amplitude", 1.0) for tone in ("pump_plus", "pump_minus")),
        *(Event(10, f"pump_{sign}_switch", "level", 1.0) for sign in ("plus", "minus")),
        Event(10, "ttl_prepare", "level", 1.0),
        Event(50_010, "ttl_prepare", "level", 0.0),
        Event(60_000, "pump_servo", "dac0", 1.0),
        Event(3 * MS, "ttl_camera", "level", 1.0),
    ]
    arm_id = plant.sensor.arm(1, 5e-5)
    plant.advance(events, 4 * MS)
    (frame,) = plant.sensor.collect(arm_id)["frames"]
    assert frame.max() > IMAGING.offset + 100
    row, column = np.unravel_index(frame.argmax(), frame.shape)
    assert pixel_axis(IMAGING)[column] == pytest.approx(30e-6, abs=4e-6)
    assert pixel_axis(IMAGING)[row] == pytest.approx(0.0, abs=4e-6)


# Randomness ----------------------------------------------------------------------


def test_the_same_seed_the_same_frames_another_seed_other_noise(plan):
    first, again, other = (Laboratory(plan, seed).run()["frames"] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.mean(first != other) > 0.9


def test_placement_is_drawn_when_sites_move_and_not_per_shot(plan):
    laboratory = Laboratory(plan)
    before = laboratory.plant.atoms.clouds.copy()
    laboratory.run()
    np.testing.assert_array_equal(laboratory.plant.atoms.clouds, before)
    laboratory.plant.load_sites(plan.memory.positions)
    assert np.all(laboratory.plant.atoms.clouds != before)


# Time ----------------------------------------------------------------------------


def test_pauses_change_nothing(plan):
    whole, cut = Laboratory(plan), Laboratory(plan)
    shutter = shutters(cut.events()[0])[0]
    pauses = np.unique(np.random.default_rng(1).integers(0, shutter, 200))
    recorded, paused = whole.run(), cut.run(pieces=pauses.tolist())
    np.testing.assert_array_equal(recorded["frames"], paused["frames"])
    np.testing.assert_array_equal(
        whole.plant.magnetization(), cut.plant.magnetization()
    )


def test_pauses_within_an_exposure_change_rounding_only(plan):
    whole, cut = Laboratory(plan), Laboratory(plan)
    first, second = shutters(cut.events()[0])
    pauses = [first, first + 1, first + 7000, first + 20_000, second + 33]
    recorded, paused = whole.run(), cut.run(pieces=pauses)
    # The expected electrons differ in the last digit: a Poisson draw near its edge
    # may fall on the other side.
    difference = recorded["frames"].astype(int) - paused["frames"]
    assert np.mean(difference != 0) < 1e-3


def test_an_event_in_the_past_or_future_is_refused(plan):
    plant = Laboratory(plan).plant
    plant.advance([], 1000)
    for time_mu in (999, 2001):
        with pytest.raises(TimelineError, match=f"an event at {time_mu} mu cannot"):
            plant.advance([Event(time_mu, "noise_gate", "level", 1.0)], 2000)


def test_events_out_of_order_are_refused(plan):
    plant = Laboratory(plan).plant
    plant.advance([], 500)
    events = [Event(1500, "noise_gate", "level", 1.0), Event(400, "x", "level", 1.0)]
    with pytest.raises(TimelineError):
        plant.advance(events, 2000)


def test_photodiodes_see_what_shines(plan):
    laboratory = Laboratory(plan)
    events, _ = laboratory.events()
    shutter = shutters(events)[0]
    laboratory.plant.advance([e for e in events if e.time_mu <= shutter], shutter)
    observe = laboratory.plant.observe
    assert observe("photodiodes", "adc0", shutter) == plan.pump.volts[-1]
    assert observe("photodiodes", "adc1", shutter) == 0.0
    assert observe("photodiodes", "adc2", shutter) == 1.0
    assert observe("photodiodes", "adc7", shutter) == 0.0
    assert observe("ttl0", "level", shutter) == 0.0
    with pytest.raises(DeviceError, match="sync first"):
        observe("photodiodes", "adc0", shutter + 1)
    closed = [Event(shutter + 1, f"pump_{sign}_switch", "level", 0.0)
              for sign in ("plus", "minus")]  # fmt: skip
    laboratory.plant.advance(closed, shutter + 2)
    assert observe("photodiodes", "adc0", shutter + 2) == 0.0  # at its set-point still
    left = laboratory.plant.safe_state()
    assert {"noise_gate", "ttl_camera", "pump_servo"} <= set(left)
    assert not {"pump_plus_switch", "longitudinal_switch"} & set(left)
