"""A small twin driven by hand-made events: no ARTIQ, no core device, no kernels."""

from __future__ import annotations

import dataclasses
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from analysis.readout.scoring import RecallReader
from ccqed_ctrl import params
from ccqed_ctrl.belief import Apparatus
from ccqed_ctrl.model.plan import plan_release
from ccqed_ctrl.recalling import RecallRecord, plan_recall
from sim_backend.crate.events import Event
from sim_backend.laboratory.imperfections import Imperfections
from sim_backend.laboratory.optics import Optics
from sim_backend.laboratory.plant import Plant
from sim_backend.laboratory.scenario import Scenario
from sim_backend.laboratory.wiring import TONES

ROLES = (
    *TONES, *(f"{tone}_switch" for tone in TONES),
    "ttl_camera", "ttl_prepare", "noise_gate", "pump_servo", "photodiodes",
    "probe", "probe_switch", "transmission",
)  # fmt: skip
#: Every role is played by a device of the same name.
WIRING = {role: role for role in ROLES}
ENSEMBLES = 16
IMAGING = params.Imaging(pixels=160)
MS = 1_000_000
#: What most tests of the plant want of its truth: fast, and minima that are known.
STATED = {"imaging": IMAGING, "dynamics": "steepest_descent"}
#: Nothing is drawn: everything is where and what it was told to be.
PERFECT = Imperfections(placement_error=0.0, atom_number_spread=0.0, phase_drift=0.0)
IDEAL = Scenario(imaging=IMAGING, imperfections=PERFECT)


@cache
def plan_shot(seed=0, **sequence):
    """Plan one shot that recalls one of two random memories."""
    rng = np.random.default_rng(100 + seed)
    patterns = rng.choice([-1, 1], size=(2, ENSEMBLES)).astype(np.int8)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "patterns.npy"
        np.save(file, patterns)
        return plan_recall(
            memories=params.Memories(patterns=str(file)),
            cue=params.Cue(memory="0", corruption=0.0),
            layout=params.Layout(relative_width=1.2, minimum_distance=9e-6),
            sequence=params.Sequence(**({"evolution_time": 3e-3} | sequence)),
            apparatus=Apparatus(imaging=IMAGING),
            run=params.Run(seed=seed),
        )


def sites_of(count=6, seed=2):
    """Return sites (count, 2) m that are drawn about the axis."""
    waist = IDEAL.cavity.waist
    return np.random.default_rng(seed).normal(scale=1.2 * waist, size=(count, 2))


def optics(**changes):
    """Return the light of the ideal laboratory, but for some changes."""
    return Optics(dataclasses.replace(IDEAL, **changes))


def shutters(events):
    """Return when the camera is triggered, mu."""
    return [e.time_mu for e in events if e.channel == "ttl_camera" and e.value]


_readers = {}


def reader_of(plan):
    """Return the reader of a plan, made once: its templates take a while."""
    if id(plan) not in _readers:
        _readers[id(plan)] = plan, RecallReader.of_plan(plan)
    return _readers[id(plan)][1]


class Laboratory:
    """A plant of one scenario, and the standard shot as a list of events.

    `leave_out` names what the operator forgot: "pump", "longitudinal", "trigger",
    "local_oscillator". `continuous` names tones programmed without the fiducial.
    """

    def __init__(self, plan, seed=0, leave_out=(), continuous=(), **scenario):
        self.plan = plan
        self.leave_out = leave_out
        self.continuous = continuous
        self.plant = Plant(Scenario(**(STATED | scenario)), WIRING, seed)
        self.plant.load_sites(plan.positions)
        load = plan.shots[0].load
        self.plant.show_pattern(plan.positions, load.dmd_pattern)

    @property
    def target(self):
        """The minimum that the shot writes, (N,) spins."""
        return self.plan.shots[0].encoded_cue

    def events(self, start_mu=1000):
        """Return the events of one shot, and when it is over."""
        sequence, self._now, self._events = self.plan.sequence, start_mu, []
        self._program(self.plan.shots[0].load.dds_amplitude)
        self._pulse("ttl_prepare", 50_000)
        self._load(sequence)
        self._wait(sequence.evolution_time)
        self._expose(sequence.exposure)
        self._pump(False)
        self._set("noise_gate", "level", 0)
        self._wait(30e-3)
        self._expose(sequence.exposure)
        self._wait(10e-6)
        return self._events, self._now

    def run(self, start_mu=1000, pieces=()):
        """Arm the camera, live through one shot, and return what the camera fetched.

        `pieces`: instants at which the plant is asked to pause. Afterwards `truth` is
        the state (N,) of the ensembles when the hologram was taken.
        """
        arm_id = self.plant.sensor.arm(2, self.plan.sequence.exposure)
        events, end = self.events(start_mu)
        shutter = shutters(events)[0] if shutters(events) else end
        for until in sorted({*pieces, shutter, end}):
            taken = [e for e in events if e.time_mu <= until]
            events = events[len(taken) :]
            self.plant.advance(taken, until)
            if until == shutter:
                self.truth = np.sign(self.plant.magnetization())
        return self.plant.sensor.collect(arm_id)

    def read(self, recorded):
        """Return the rows of the shot, by the keys of their datasets."""
        raw = {
            RecallRecord.frames: recorded["frames"],
            RecallRecord.exposure: recorded["exposure"],
            RecallRecord.saturated: recorded["saturated"].sum(),
        }
        reading = reader_of(self.plan).read(self.plan.shots[0], raw)
        return {entry.key: value for entry, value in reading.rows.items()}

    # The shot, step by step ------------------------------------------------------

    def _set(self, channel, signal, value):
        self._events.append(Event(self._now, channel, signal, float(value)))

    def _wait(self, seconds):
        self._now += round(seconds * 1e9)

    def _pulse(self, channel, duration):
        self._set(channel, "level", 1)
        self._now += duration
        self._set(channel, "level", 0)

    def _switch(self, tone, on):
        if tone not in self.leave_out:
            self._set(f"{tone}_switch", "level", on)

    def _program(self, longitudinal):
        for tone in TONES:
            amplitude = longitudinal if tone == "longitudinal" else 1.0
            self._set(tone, "amplitude", amplitude)
            self._set(tone, "coherent", tone not in self.continuous)
        self._now += 1000

    def _load(self, sequence):
        self._switch("longitudinal", True)
        self._wait(100e-6)
        self._set("noise_gate", "level", int(sequence.noise))
        self._pump(True)
        for volts in self.plan.pump.volts:
            if "pump" not in self.leave_out:
                self._set("pump_servo", "dac0", volts)
            self._wait(self.plan.pump.step)
        self._wait(sequence.hold_time)
        release = plan_release(sequence)
        full = self.plan.shots[0].load.dds_amplitude
        for step in range(release.steps):
            left = 1 - (step + 0.5) / release.steps
            self._set("longitudinal", "amplitude", full * left)
            self._wait(release.step)
        self._switch("longitudinal", False)

    def _pump(self, on):
        self._set("pump_plus_switch", "level", on)
        self._set("pump_minus_switch", "level", on)
        if not on:
            self._set("pump_servo", "dac0", 0)

    def _expose(self, exposure):
        self._switch("local_oscillator", True)
        self._now += 5000
        if "trigger" not in self.leave_out:
            self._pulse("ttl_camera", round(exposure * 1e9))
        self._now += 5000
        self._switch("local_oscillator", False)
