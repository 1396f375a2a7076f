"""Plans: what is written is what was asked for, and nothing unsafe is planned."""

from __future__ import annotations

from dataclasses import is_dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import LimitError, ParameterError, PatternError, ShapeError
from ccqed_ctrl.model import couplings, ising, layout, plan, relaxation
from ccqed_ctrl.model.emission import overlap_kernel
from ccqed_ctrl.params import (
    Cavity,
    Cloud,
    Imaging,
    Layout,
    LongitudinalCalibration,
    Movie,
    Pump,
    PumpCalibration,
    Sequence,
    Timing,
)

CAVITY, PUMP, CLOUD = Cavity(), Pump(), Cloud()
CALIBRATION, LONGITUDINAL = PumpCalibration(), LongitudinalCalibration()


def random_patterns(count, size, seed=0):
    return np.random.default_rng(seed).choice([-1, 1], size=(count, size))


def plan_memory(patterns, training=None, **geometry):
    return plan.plan_memory(
        patterns,
        Layout(**({"ensembles": patterns.shape[1]} | geometry)),
        CAVITY,
        CLOUD,
        layout_rng=np.random.default_rng(1),
        minima_rng=np.random.default_rng(2),
        **(training or {}),
    )


def plan_pump(sequence, calibration=CALIBRATION):
    return plan.plan_pump(sequence, CAVITY, PUMP, CLOUD, calibration)


@pytest.fixture(scope="module")
def stored():
    return plan_memory(random_patterns(4, 36))


def test_a_product_grid_points_along_x_and_y_unless_told_otherwise():
    geometry = {"columns": 6, "minimum_distance": 5e-6}
    grid = layout.sample_grid(
        36, 6, Layout().relative_width * CAVITY.waist, 5e-6, np.random.default_rng(1)
    )
    patterns = random_patterns(1, 36)
    assert np.array_equal(plan_memory(patterns, **geometry).positions, grid)
    turned = plan_memory(patterns, {"directions": [[0, -1], [1, 0]]}, **geometry)
    assert np.array_equal(turned.positions, np.stack([-grid[:, 1], grid[:, 0]], 1))


def plan_load(stored, state, calibration=LONGITUDINAL, pumped=2.0, **sequence):
    sequence = Sequence(pump_over_threshold=pumped, **sequence)
    pump = plan_pump(sequence)
    return plan.plan_load(
        state, stored.couplings, sequence, CAVITY,
        PUMP.replace(rabi_frequency=pump.final), CLOUD, calibration,
        float(pump.volts[-1]),
    )  # fmt: skip


# Memory --------------------------------------------------------------------------


def test_minima_are_minima_and_distinct(stored):
    assert ising.is_minimum(stored.couplings, stored.minima).all()
    fields = ising.local_fields(stored.couplings, stored.minima)
    assert (fields * stored.minima).min() > 0
    overlaps = np.abs(stored.minima.astype(float) @ stored.minima.T / 36)
    assert (overlaps - np.eye(4)).max() < 1


def test_the_most_stable_minima_come_first(stored):
    fields = ising.local_fields(stored.couplings, stored.minima)
    np.testing.assert_array_equal(
        stored.stability, (fields * stored.minima).min(axis=1)
    )
    assert np.all(np.diff(stored.stability) <= 0)


def test_the_encoder_leads_to_the_minima(stored):
    patterns = random_patterns(4, 36)
    np.testing.assert_array_equal(stored.encoder.encode(patterns), stored.minima)
    np.testing.assert_array_equal(stored.encoder.decode(stored.minima), patterns)


def test_a_trained_encoder_leads_to_its_own_minima(stored):
    patterns = random_patterns(4, 36)
    made = plan_memory(patterns, {"encoder": "trained"})
    np.testing.assert_array_equal(made.positions, stored.positions)
    fields = made.minima * ising.local_fields(made.couplings, made.minima)
    np.testing.assert_array_equal(made.stability, fields.min(axis=1))
    assert made.stability.min() > 0
    # The anticipating map need not hit a minimum: what it loads relaxes to it.
    reached = relaxation.relax(made.couplings, made.encoder.encode(patterns)).spins
    np.testing.assert_array_equal(reached, made.minima)
    np.testing.assert_array_equal(made.encoder.decode(made.minima), patterns)
    assert not np.allclose(made.encoder.matrix, stored.encoder.matrix)


def test_a_trained_encoder_recalls_more_corrupted_patterns():
    patterns, rng = random_patterns(8, 64), np.random.default_rng(3)
    plans = [plan_memory(patterns, {"encoder": name}) for name in ("plain", "trained")]
    cues = np.stack([plan.corrupt(p, 0.25, rng) for p in patterns for _ in range(50)])
    plain, trained = (
        made.encoder.decode(
            relaxation.relax(made.couplings, made.encoder.encode(cues)).spins
        )
        for made in plans
    )
    wanted = np.repeat(patterns, 50, axis=0)
    gain = (trained == wanted).all(axis=1).mean() - (plain == wanted).all(axis=1).mean()
    # 400 cues: a difference of shares has a standard error of at most 0.035.
    assert gain > 0.07


def test_examples_reach_the_trained_encoder():
    patterns, rng = random_patterns(3, 25), np.random.default_rng(4)
    labels = rng.integers(0, 3, 60)
    examples = np.stack([plan.corrupt(patterns[k], 0.2, rng) for k in labels])
    training = {"encoder": "trained", "examples": examples, "labels": labels}
    geometry = {"relative_width": 2.0}
    with_examples = plan_memory(patterns, training, **geometry)
    without = plan_memory(patterns, {"encoder": "trained"}, **geometry)
    assert not np.allclose(with_examples.encoder.matrix, without.encoder.matrix)
    with pytest.raises(ShapeError, match="come together"):
        plan_memory(patterns, training | {"labels": None}, **geometry)


@pytest.mark.parametrize("name", ["", "Plain", "hebbian", None])
def test_an_unknown_encoder_is_refused(name):
    with pytest.raises(ParameterError, match="encoder must be one of plain, trained"):
        plan_memory(random_patterns(4, 36), {"encoder": name})


def test_the_plan_describes_its_layout(stored):
    sites = stored.positions
    assert layout.smallest_gap(sites) >= Layout().minimum_distance
    wanted = Layout().relative_width * CAVITY.waist
    assert layout.realised_width(sites) >= 0.8 * wanted
    np.testing.assert_array_equal(
        stored.couplings, overlap_kernel(stored.positions, CAVITY.waist, CLOUD.size)
    )


def test_a_ferromagnet_holds_too_few_minima():
    # Every coupling positive: one minimum up to its sign.
    with pytest.raises(PatternError, match="only 1 distinct minima, fewer than the 3"):
        plan.catalogue(np.ones((8, 8)), 3, np.random.default_rng(0))


def test_the_catalogue_finds_all_there_are():
    # Two ferromagnetic halves, uncoupled: aligned or opposed.
    halves = np.kron(np.eye(2), np.ones((4, 4)))
    minima = plan.catalogue(halves, 2, np.random.default_rng(0))
    products = sorted(minima[:, 0] * minima[:, 4])
    assert products == [-1, 1]
    assert all(len(set(half)) == 1 for row in minima for half in (row[:4], row[4:]))


def test_the_wrong_number_of_ensembles_is_refused():
    with pytest.raises(PatternError, match="36 pixels needs ensembles=36"):
        plan_memory(random_patterns(2, 36), ensembles=35)


def test_too_many_memories_are_refused():
    with pytest.raises(PatternError, match="at most N = 4 memories"):
        plan_memory(random_patterns(6, 4))


# Pump ----------------------------------------------------------------------------


@given(st.floats(0, 8), st.floats(5e-4, 1.0))
def test_the_ramp_is_linear_in_power_and_ends_where_asked(power, duration):
    made = plan_pump(Sequence(pump_over_threshold=power, ramp_time=duration))
    threshold = couplings.threshold_rabi_frequency(CAVITY, PUMP, CLOUD)
    assert made.threshold == threshold
    assert made.final == pytest.approx(threshold * np.sqrt(power))
    assert len(made.volts) * made.step == pytest.approx(duration)
    reached = CALIBRATION.rabi_frequency(float(made.volts[-1])) ** 2
    assert reached == pytest.approx(power * threshold**2, rel=1e-9)
    assert len(made.volts) == 100  # a percent of the final power each
    steps = np.diff(made.volts, prepend=0.0)
    np.testing.assert_allclose(steps, made.volts[0], atol=1e-12)


def test_a_pump_beyond_the_servo_is_refused():
    with pytest.raises(LimitError, match="pump set-point must stay"):
        plan_pump(
            Sequence(pump_over_threshold=10), CALIBRATION.replace(rabi_frequency_1v=3e8)
        )


def test_a_ramp_faster_than_the_servo_is_refused():
    with pytest.raises(LimitError, match="set-point slope .* servo loses lock"):
        plan_pump(Sequence(pump_over_threshold=4, ramp_time=20e-6))


# Load ----------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [0.3, 1.0, 1.5])
def test_the_drive_makes_exactly_the_field(stored, ratio):
    state = stored.minima[1]
    made = plan_load(stored, state, field_ratio=ratio)
    assert np.abs(made.dmd_pattern).max() == pytest.approx(1)
    pump = plan_pump(Sequence())
    volts = float(pump.volts[-1])
    unit = LONGITUDINAL.full_scale * made.dds_amplitude * np.sqrt(volts)
    np.testing.assert_allclose(
        unit * stored.couplings @ made.dmd_pattern, made.field, rtol=1e-9
    )
    np.testing.assert_array_equal(np.sign(made.field), state)
    # The field is `ratio` times the largest local field 2 S sum J_ij s_j.
    scale = CLOUD.atoms * couplings.coupling_scale(
        CAVITY, PUMP.replace(rabi_frequency=pump.final)
    )
    local = scale * ising.local_fields(stored.couplings, state)
    np.testing.assert_allclose(np.abs(made.field), ratio * np.abs(local).max())
    held = scale * np.diag(stored.couplings) * state
    expected = np.abs(local + held + made.field).max() / abs(CAVITY.pump_detuning)
    assert made.energy_change == pytest.approx(expected)


@pytest.mark.parametrize(("ratio", "sure"), [(0.0, 0), (0.99, 0), (1.0, 1), (2.0, 1)])
def test_a_field_over_every_local_field_writes_the_state(stored, ratio, sure):
    state = stored.minima[1]
    made = plan_load(stored, state, field_ratio=ratio)
    np.testing.assert_array_equal(made.written, sure * state)


def test_a_plan_is_not_changed_once_it_is_made():
    made = [each for each in vars(plan).values()
            if is_dataclass(each) and each.__module__ == plan.__name__]  # fmt: skip
    assert plan.MoviePlan in made
    for each in made:
        assert each.__dataclass_params__.frozen, each


def test_an_ensemble_alone_resists_a_flip_by_its_self_term(stored):
    """P/P_th = 2 means M J_ii = 2 omega_z: that much, and no field of others."""
    one = replace(stored, couplings=np.array([[CLOUD.beta(CAVITY)]]))
    made = plan_load(one, np.ones(1), pumped=2.0, field_ratio=1.0)
    expected = 2 * PUMP.omega_z / abs(CAVITY.pump_detuning)
    assert made.energy_change == pytest.approx(expected)


def test_no_field_needs_no_drive(stored):
    made = plan_load(stored, stored.minima[0], field_ratio=0.0)
    assert made.dds_amplitude == 0
    np.testing.assert_array_equal(made.field, 0)
    np.testing.assert_array_equal(made.dmd_pattern, 0)


def test_no_pump_means_no_field(stored):
    made = plan_load(stored, stored.minima[0], pumped=0.0)
    assert (made.dds_amplitude, made.energy_change) == (0, 0)


def test_a_drive_beyond_full_scale_is_refused(stored):
    weak = LONGITUDINAL.replace(full_scale=1e4)
    with pytest.raises(LimitError, match="DDS amplitude must stay"):
        plan_load(stored, stored.minima[0], weak)


def test_heating_fields_are_refused(stored):
    strong = LONGITUDINAL.replace(full_scale=1e9)
    with pytest.raises(LimitError, match="energy change .* order of flips reverses"):
        plan_load(stored, stored.minima[0], strong, field_ratio=20.0)


def test_a_state_of_another_size_is_refused(stored):
    with pytest.raises(ShapeError, match="state"):
        plan_load(stored, np.ones(35))


# Cues ----------------------------------------------------------------------------


@given(
    st.integers(1, 80), st.floats(0, 1), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_exactly_the_fraction_is_flipped(size, fraction, seed):
    pattern = random_patterns(1, size, seed)[0]
    before = pattern.copy()
    cue = plan.corrupt(pattern, fraction, np.random.default_rng(seed))
    assert np.count_nonzero(cue != pattern) == round(fraction * size)
    np.testing.assert_array_equal(pattern, before)


def test_every_pixel_can_be_flipped():
    pattern = np.ones(10)
    rng = np.random.default_rng(0)
    flips = sum(plan.corrupt(pattern, 0.3, rng) < 0 for _ in range(500))
    # Binomial, 500 times 0.3: deviation 10.
    np.testing.assert_allclose(flips, 150, atol=50)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, np.nan, True, "0.1"])
def test_a_bad_fraction_is_refused(fraction):
    with pytest.raises(ParameterError, match="corruption must be"):
        plan.corrupt(np.ones(4), fraction, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("duration", "steps"),
    [(0.0, 0), (10e-6, 1), (19e-6, 1), (25e-6, 2), (1e-3, 100), (0.1, 100)],
)
def test_the_field_falls_in_steps_of_at_least_ten_microseconds(duration, steps):
    made = plan.plan_release(Sequence(field_off_time=duration))
    assert made.steps == steps
    assert made.steps * made.step == pytest.approx(duration)


def test_a_fall_faster_than_the_core_device_is_refused():
    with pytest.raises(LimitError, match=r"time between DDS amplitudes must stay in"):
        plan.plan_release(Sequence(field_off_time=9e-6))


def plan_movie(movie, **sequence):
    sequence = Sequence(**({"evolution_time": 2e-3, "exposure": 40e-6} | sequence))
    imaging, timing = Imaging(readout_time=1e-3), Timing(reference_guard=5e-6)
    return plan.plan_movie(movie, sequence, imaging, timing)


def test_without_a_movie_there_is_one_hologram_after_the_evolution():
    made = plan_movie(None)
    np.testing.assert_allclose(made.times, [2.025e-3])
    # The pump is off, with its servo, before the frame of the reference.
    np.testing.assert_allclose(made.frames, [0.0, 1.052e-3])


def test_holograms_follow_each_other_as_asked_or_as_the_camera_can():
    made = plan_movie(Movie(holograms=3, interval=3e-3))
    np.testing.assert_allclose(made.times, [2.025e-3, 5.025e-3, 8.025e-3])
    np.testing.assert_allclose(made.frames, [0.0, 3e-3, 6e-3, 7.052e-3])
    assert made.pause == pytest.approx(2.95e-3)
    fastest = plan_movie(Movie(holograms=3))
    np.testing.assert_allclose(np.diff(fastest.times), 1.05e-3)
    assert fastest.pause == pytest.approx(1e-3)
    again = plan_movie(Movie(holograms=3, interval=float(np.diff(fastest.times)[0])))
    assert again.pause == pytest.approx(1e-3)


def test_holograms_faster_than_the_camera_are_refused():
    with pytest.raises(LimitError, match=r"0\.00105 s apart .* asks for 0\.00104 s"):
        plan_movie(Movie(holograms=2, interval=1.04e-3))
