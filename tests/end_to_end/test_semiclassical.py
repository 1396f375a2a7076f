"""The twin's spins are those of `semiclassical.evolve` under what the wires carried."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.belief import Apparatus
from ccqed_ctrl.model.couplings import coupling_matrix
from ccqed_ctrl.model.emission import overlap_kernel
from sim_backend.host import runner
from sim_backend.laboratory.physics import semiclassical
from sim_backend.laboratory.physics.system import Drive, SpinSystem

from .conftest import RECALL, stored

#: A laboratory that is as believed, but for the chance of the start.
TWIN = {
    "dynamics": "semiclassical",
    "imperfections": {
        "placement_error": 0.0, "atom_number_spread": 0.0, "phase_drift": 0.0,
    },
    "noise": {"alpha": 0.0},
}  # fmt: skip


def sent(timeline):
    """Return times (T+1,) s from preparation to camera, and volts and amplitude (T,).

    Read off the wires: the set-point of the pump while its tones are on, the amplitude
    of the longitudinal tone while it is.
    """
    start = timeline.pulses("ttl_prepare")[0][0]
    stop = timeline.pulses("ttl_camera")[0][0]
    inside = {e.time_mu for e in timeline.events if start < e.time_mu < stop}
    edges = np.array([start, *sorted(inside), stop])

    def tone(name, signal, switch):
        on = timeline.pulses(switch)
        values = [timeline.value(timeline.names[name], signal, t) for t in edges[:-1]]
        lit = [any(a <= t < b for a, b in on) for t in edges[:-1]]
        return np.where(lit, values, 0.0)

    volts = tone("pump_servo", "dac0", "pump_plus_switch")
    amplitude = tone("longitudinal", "amplitude", "longitudinal_switch")
    return (edges - start) * 1e-9, volts, amplitude


def evolved(positions, pattern, timeline, seed):
    """Return x (N,) when the camera opens, from the formulas of the design alone."""
    believed = Apparatus()
    cavity, cloud, drive = believed.cavity, believed.cloud, believed.longitudinal
    times, volts, amplitude = sent(timeline)
    volt = believed.pump_calibration.rabi_frequency_1v
    unit = believed.pump.replace(rabi_frequency=volt)
    J = coupling_matrix(positions, cavity, unit, cloud)
    shape = overlap_kernel(positions, cavity.waist, cloud.size) @ pattern
    strength = drive.full_scale * amplitude * np.sqrt(volts)
    spins = np.full(len(J), cloud.atoms / 2)
    system = SpinSystem(J, spins, cavity, believed.pump.omega_z)
    rng = np.random.default_rng(seed)
    quiet = np.zeros(len(volts), bool)
    waveform = Drive(times, volts, np.outer(strength, shape), quiet)
    state = semiclassical.normal_state(spins, rng)
    found = semiclassical.evolve(system, waveform, state, sample_times=[], rng=rng)
    return found.state.spins[:, 0]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_recall_is_evolve_under_the_waveform_that_was_sent(tmp_path, seed):
    request = runner.Request(
        file=RECALL,
        arguments={"field_off_time": "1ms"},
        twin=TWIN,
        dataset_db=tmp_path / "datasets.sqlite",
        results=tmp_path / "results",
        history=True,
        seed=seed,
    )
    outcome = runner.run(request)
    assert outcome.status == "ok", outcome.error
    data = stored(outcome)
    pattern, timeline = data["shot.dmd_pattern"][0], outcome.plant.timeline
    x = evolved(data["plan.positions"], pattern, timeline, seed)
    assert np.min(np.abs(x)) > 0.3
    np.testing.assert_array_equal(np.sign(x), data["shot.spins"][0])
    assert data["shot.residual"][0] < 0.01


def commanded(tmp_path, off):
    """Return the shot's (time s, field over its largest) from hold to camera."""
    outcome = runner.run(
        runner.Request(
            file=RECALL,
            arguments={"field_off_time": off, "evolution_time": "1ms"},
            dataset_db=tmp_path / "datasets.sqlite",
            results=tmp_path / "results",
            history=True,
        )
    )
    assert outcome.status == "ok", outcome.error
    times, volts, amplitude = sent(outcome.plant.timeline)
    # h = full_scale amplitude sqrt(V) K f: the pump enters it.
    field = amplitude * np.sqrt(volts)
    ramped = np.flatnonzero(np.diff(volts))[-1] + 1
    return times[ramped:-1] - times[ramped], field[ramped:] / field.max()


@pytest.mark.parametrize(("off", "steps"), [("1ms", 100), ("55us", 5), ("5ms", 100)])
def test_the_field_falls_linearly_and_is_then_off(tmp_path, off, steps):
    times, field = commanded(tmp_path, off)
    # Since the DAC put out the last step of the ramp, which took it 2 us: 10 us, hold.
    times = times - 10e-6 - 200e-6
    duration = float(off.removesuffix("ms").removesuffix("us"))
    duration *= 1e-3 if off.endswith("ms") else 1e-6
    falling = np.flatnonzero(np.diff(field)) + 1
    assert len(falling) == steps + 1
    at, left = times[falling], field[falling]
    assert left[-1] == 0
    assert at[-1] == pytest.approx(duration, abs=3e-6)
    middle = 1 - (at[:-1] + duration / steps / 2) / duration
    # The tone answers 4 us after its words begin; amplitudes have 14 bits.
    np.testing.assert_allclose(left[:-1], middle, atol=5e-6 / duration + 2**-13)


def test_no_time_is_a_switch(tmp_path):
    times, field = commanded(tmp_path, 0)
    assert set(field) == {0.0, 1.0}
    assert np.count_nonzero(np.diff(field)) == 1
    switched = times[np.flatnonzero(np.diff(field))[0] + 1]
    assert switched == pytest.approx(210e-6, abs=3e-6)
