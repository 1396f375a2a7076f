"""The probe's photons: a Lorentzian about the true cavity, and the noise of a count."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ccqed_ctrl.units import TWO_PI
from sim_backend.crate.events import Event
from sim_backend.laboratory.plant import Plant
from sim_backend.laboratory.transmission import DEAD, ProbeLight
from tests.laboratory.bench import IDEAL, MS, WIRING

CAVITY, LIGHT = IDEAL.cavity, IDEAL.probe
#: Tone at which the probe is on resonance, Hz.
RESONANT = LIGHT.pump_frequency - CAVITY.pump_detuning / TWO_PI


def counted(frequency, *, amplitude=1.0, window=20 * MS, wiring=WIRING, **truth):
    """Return the photons of a window with the probe on."""
    plant = Plant(dataclasses.replace(IDEAL, **truth), wiring, 0)
    events = [Event(10, "probe", "frequency", frequency),
              Event(10, "probe", "amplitude", amplitude),
              Event(20, "probe_switch", "level", 1.0)]  # fmt: skip
    plant.advance(events, 100 + window)
    return sum(level for _, level in plant.edges("transmission", 100, 100 + window))


@pytest.mark.parametrize("widths", [-2.0, -1.0, 0.0, 0.5, 3.0])
def test_the_line_is_as_wide_as_the_cavity_and_where_it_is(widths):
    """1/(1 + x^2) at x half widths kappa from resonance: blue of the red pump."""
    assert pytest.approx(LIGHT.pump_frequency + 3e6) == RESONANT
    rate = LIGHT.dark_rate + LIGHT.rate / (1 + widths**2)
    seconds = 20e-3
    expected = rate * seconds / (1 + rate * DEAD * 1e-9)
    found = counted(RESONANT + widths * CAVITY.kappa / TWO_PI)
    assert found == pytest.approx(expected, abs=4 * expected**0.5)


def test_light_goes_with_the_square_of_the_amplitude():
    dark = ProbeLight(dark_rate=0.0)
    full, half = (counted(RESONANT, amplitude=a, probe=dark) for a in (1.0, 0.5))
    assert half / full == pytest.approx(0.25, rel=0.06)


def test_counts_scatter_as_photons_do():
    plant = Plant(IDEAL, WIRING, 0)
    counts = []
    for start in range(0, 400 * MS, 2 * MS):
        plant.advance([], start + 2 * MS)
        counts.append(len(plant.edges("transmission", start, start + 2 * MS)) // 2)
    # The switch is off: 0.4 dark counts each.
    assert np.mean(counts) == pytest.approx(0.4, abs=0.15)
    assert np.var(counts) == pytest.approx(np.mean(counts), rel=0.35)


def test_only_while_the_switch_is_on():
    """Of a window in which the probe is on for the second half alone."""
    plant = Plant(
        dataclasses.replace(IDEAL, probe=ProbeLight(dark_rate=0.0)), WIRING, 0
    )
    events = [Event(10, "probe", "frequency", RESONANT),
              Event(10, "probe", "amplitude", 1.0),
              Event(5 * MS, "probe_switch", "level", 1.0),
              Event(8 * MS, "probe_switch", "level", 0.0)]  # fmt: skip
    plant.advance(events, 10 * MS)
    edges = plant.edges("transmission", 0, 10 * MS)
    times = [time_mu for time_mu, level in edges if level]
    assert 5 * MS <= min(times) < max(times) < 8 * MS
    assert len(times) == pytest.approx(3e-3 * LIGHT.rate, rel=0.2)
    assert [level for _, level in edges] == [1, 0] * len(times)
    assert np.all(np.diff(times) >= DEAD)
    assert "probe_switch" not in plant.safe_state()


def test_an_unlocked_cavity_lets_nothing_through():
    plant = Plant(IDEAL, WIRING, 0)
    plant.lock.lose(0)
    events = [Event(10, "probe", "frequency", RESONANT),
              Event(10, "probe", "amplitude", 1.0),
              Event(20, "probe_switch", "level", 1.0)]  # fmt: skip
    plant.advance(events, 10 * MS)
    assert plant.safe_state() == ["probe_switch"]
    assert len(plant.edges("transmission", 0, 10 * MS)) // 2 < 0.1 * 10e-3 * LIGHT.rate


def test_a_laboratory_without_probe_or_counter_has_the_rest():
    without = {role: name for role, name in WIRING.items()
               if role not in ("probe", "probe_switch", "transmission")}  # fmt: skip
    plant = Plant(IDEAL, without, 0)
    plant.advance([Event(20, "ttl_prepare", "level", 1.0)], MS)
    assert plant.edges("transmission", 0, MS) == []
