"""The plant: atoms, cavity and camera of the simulated laboratory.

The only stateful physics object. RTIO events and controller calls move it; time passes
only in `advance`. What the camera returns follows from what the lines, the DMD and the
tweezers did, never from a number drawn in place of physics.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.errors import DeviceError, TimelineError
from ccqed_ctrl.rng import stream
from sim_backend.crate.events import Event

from .ageing import Ageing
from .atoms import Atoms
from .controls import SET_POINT, Controls, Setting
from .delays import Latencies
from .exposures import Exposure, Sensor, samples
from .faults import HELD, Fault, Faults
from .locking import CavityLock
from .mirrors import mirror_modes
from .optics import Optics
from .phases import Phases
from .pixels import Pixels
from .scenario import Scenario
from .transmission import Transmission
from .traps import Traps
from .wiring import counter_of

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Duration of one machine unit, s (Kasli at 125 MHz RTIO clock).
REF_PERIOD = 1e-9


class Plant:
    """One laboratory of `scenario`, wired by `wiring`, random from `seed`."""

    def __init__(
        self, scenario: Scenario, wiring: Mapping[str, str], seed: int
    ) -> None:
        self.scenario = scenario
        self.now_mu = 0
        self._seed = checks.integer("plant seed", seed, 0)
        self._wiring, self._counter = dict(wiring), counter_of(wiring)
        self._controls = Controls(wiring, scenario.pump_calibration)
        self._rng = stream(self._seed, "ensembles")
        camera_rng = stream(self._seed, "camera")
        self.faults = Faults(scenario.faults, self._seed, self._time)
        pixels = Pixels.drawn(
            scenario.imaging, scenario.camera, stream(self._seed, "pixels")
        )
        self.sensor = Sensor(pixels, REF_PERIOD, camera_rng, self.faults)
        self._latencies = Latencies(
            scenario.delays, wiring, REF_PERIOD, stream(self._seed, "latencies")
        )
        lock_rng = stream(self._seed, "lock")
        self.lock = CavityLock(scenario.lock.loss_rate, REF_PERIOD, lock_rng)
        self._optics, self._traps = Optics(scenario), Traps(scenario, self._seed)
        self._transmission = Transmission(
            scenario.probe, scenario.cavity.kappa, self._detuning, REF_PERIOD,
            stream(self._seed, "transmission"),
        )  # fmt: skip
        self._preparations = 0
        self._pattern: Floats | None = None
        self.atoms = Atoms(scenario, self._optics, REF_PERIOD)
        self.load_sites(np.empty((0, 2)))

    # Controllers ---------------------------------------------------------------

    def load_sites(self, positions: Floats) -> None:
        """Move the tweezers to `positions` (N, 2) m and fill them with fresh atoms."""
        commanded = checks.array("positions", positions, ("N", 2))
        self.atoms.place(self._traps.load(commanded))
        self.faults.load()
        self._prepare()

    def move_sites(
        self, traps: NDArray[np.intp], times: Floats, positions: Floats
    ) -> None:
        """Carry atoms with `traps` (N,), the others off, along (T, N, 2) m at (T,) s.

        The plant's time stands still: the atoms are prepared after it.
        """
        self.atoms.place(self._traps.move(traps, times, positions))
        self.faults.carry(traps)
        self._prepare()

    def show_pattern(self, positions: Floats, amplitudes: Floats) -> None:
        """Shape the longitudinal drive as spots (L, 2) m of real amplitudes (L,)."""
        self._show((self._optics.spots(positions), amplitudes))

    def show_mirrors(self, pattern: NDArray[np.bool_]) -> None:
        """Shape the longitudinal drive by mirrors, (rows, columns) bool."""
        self._show((mirror_modes(pattern, self.scenario), np.ones(1)))

    def blank_pattern(self) -> None:
        """Let no longitudinal light through."""
        self._show(None)

    def _show(self, spots: tuple[Floats, Floats] | None) -> None:
        self._pattern = None if spots is None else np.matmul(*spots)
        self.atoms.feel(spots)

    # Atoms ---------------------------------------------------------------------

    def _prepare(self) -> None:
        """Pump every atom into the lower spin state; atom numbers are new."""
        truth, now_mu = self.scenario, self.now_mu
        self._preparations += 1
        rng = self._drawn("preparation")
        atoms = self._traps.atoms(rng)
        self.faults.spill(atoms)
        reference = self._drawn("reference")
        self.phases = Phases(truth, now_mu, REF_PERIOD, rng, reference)
        ageing = Ageing(truth, now_mu, REF_PERIOD, self._drawn("ageing"), self.lock)
        # The chance of steepest descent lives as long as the laboratory.
        chance = self._rng
        if truth.dynamics == "semiclassical":
            chance = self._drawn("dephasing")
        spins = np.rint(np.maximum(atoms, 0)) / 2
        self.atoms.prepare(spins, self.phases, ageing, rng, chance)

    def _drawn(self, purpose: str) -> np.random.Generator:
        return stream(self._seed, purpose, self._preparations)

    def lock_error(self) -> float:
        """Return the rms error of Delta_C in the lock's loop, rad/s."""
        return self.atoms.ageing.lock_error(self.now_mu)

    def magnetization(self) -> Floats:
        """Return the present <Sx>/S (N,): for tests and the operator's curiosity."""
        return self.atoms.ensembles.magnetization

    def doubts(self) -> list[str]:
        """Return which conditions of the dynamics were broken so far, by name."""
        return self.atoms.doubts()

    def site_counts(self) -> NDArray[np.int64]:
        """Take an image of the sites; return the photo-electrons of each, (N,)."""
        left = self.atoms.ageing.atoms_left(self.now_mu)
        return self._traps.image(2 * self.atoms.spins * left)

    # Time ----------------------------------------------------------------------

    def _time(self) -> float:
        """Return the present, s."""
        return self.now_mu * REF_PERIOD

    def advance(self, events: Iterable[Event], until_mu: int) -> None:
        """Live through `events` (in time order) up to `until_mu`.

        Raises
        ------
        TimelineError
            An event before the present, or after `until_mu`.
        """
        start = self.now_mu
        pieces: list[tuple[int, Setting]] = []
        opened: list[Exposure] = list(self.sensor.open)
        due = self._latencies.release(self._checked(events, until_mu), until_mu)
        for time_mu, group in groupby(due, key=lambda event: event.time_mu):
            batch = list(group)
            if time_mu > start:
                pieces.append((start, self.faults.alter(self._controls.setting())))
                start = time_mu
            prepared = self._rises(batch, "ttl_prepare")
            triggered = self._rises(batch, "ttl_camera")
            self._controls.apply(batch)
            if self._counter is not None:
                self._transmission.follow(self._controls, start)
            if prepared:
                self._evolve(pieces, start, opened)
                pieces = []
                self.faults.begin(self.atoms.sites)
                if self.faults.now(Fault.cavity_unlocked):
                    self.lock.lose(start + round(HELD / REF_PERIOD))
                self._prepare()
            if triggered:
                late = self._latencies.exposure() + self.faults.lateness(REF_PERIOD)
                self.sensor.trigger(start + late)
                opened += [e for e in self.sensor.open if e not in opened]
        if until_mu > start:
            pieces.append((start, self.faults.alter(self._controls.setting())))
        self._evolve(pieces, until_mu, opened)

    def _checked(self, events: Iterable[Event], until_mu: int) -> Iterable[Event]:
        for event in events:
            if not self.now_mu <= event.time_mu <= until_mu:
                raise TimelineError(
                    f"an event at {event.time_mu} mu cannot reach the plant, which is "
                    f"at {self.now_mu} mu and was asked to go to {until_mu} mu"
                )
            yield event

    def _rises(self, batch: list[Event], role: str) -> bool:
        high = self._controls.get(role, "level") > 0
        channel = self._wiring[role]
        return not high and any(
            e.channel == channel and e.signal == "level" and e.value > 0 for e in batch
        )

    def _evolve(
        self, pieces: list[tuple[int, Setting]], stop: int, opened: list[Exposure]
    ) -> None:
        """Carry the atoms through constant pieces and light the open exposures."""
        if pieces:
            edges = np.array([start for start, _ in pieces] + [stop], np.int64)
            settings = [setting for _, setting in pieces]
            sampled = list(samples(edges, settings, opened, REF_PERIOD))
            times = np.array([sample[0] for sample in sampled])
            order = np.argsort(times, kind="stable")
            magnetization = self.atoms.evolve(edges, settings, times[order])
            for index, row in zip(order, magnetization, strict=True):
                instant, duration, setting, exposure = sampled[index]
                exposure.electrons += duration * self._rate(row, setting, instant)
        self.now_mu = max(self.now_mu, stop)
        self.sensor.close_until(self.now_mu)

    # Light ---------------------------------------------------------------------

    def _rate(self, magnetization: Floats, setting: Setting, instant: float) -> Floats:
        """Return photo-electrons per pixel and second (ny, nx) at an instant, mu."""
        angle = self.phases.hologram(setting, instant)
        angle += np.pi * self.faults.now(Fault.reference_flipped)
        light = self._intracavity(magnetization, setting, instant)
        return self._optics.rate(light, angle, setting.reference)

    def _intracavity(
        self, magnetization: Floats, setting: Setting, instant: float
    ) -> Complex | None:
        """Return alpha_m (K,) against the pump's phase; None for a dark cavity."""
        atoms = self.atoms
        light: Complex | None = None
        if setting.rabi_frequency > 0 and len(magnetization) > 0:
            spins = magnetization * atoms.spins
            light = self._optics.emission(atoms.clouds, spins, setting.rabi_frequency)
        if setting.longitudinal > 0 and self._pattern is not None:
            driven = self._optics.driven(self._pattern, setting.longitudinal)
            driven = driven * np.exp(1j * self.phases.longitudinal(setting))
            light = driven if light is None else light + driven
        if light is None:
            return None
        if atoms.shifts is not None:
            light = self._optics.dressed(light, atoms.clouds, atoms.shifts)
        ageing = atoms.ageing
        return light * ageing.light(instant) if ageing.happens else light

    # Inputs --------------------------------------------------------------------

    def observe(self, channel: str, signal: str, time_mu: int) -> float:
        """Return what an input sees now: photodiodes in V, idle lines 0.

        Sampler channels: adc0 pump power, adc1 longitudinal, adc2 reference.
        """
        if time_mu > self.now_mu:
            raise DeviceError(
                f"{channel}.{signal} was read at {time_mu} mu; the plant has only "
                f"reached {self.now_mu} mu: sync first"
            )
        if channel != self._wiring["photodiodes"]:
            return 0.0
        setting = self.faults.alter(self._controls.setting())
        volts = max(self._controls.get("pump_servo", SET_POINT), 0.0)
        readings = {
            "adc0": volts if setting.rabi_frequency > 0 else 0.0,
            "adc1": setting.longitudinal**2,
            "adc2": setting.reference**2,
        }
        return readings.get(signal, 0.0)

    def edges(self, channel: str, start_mu: int, stop_mu: int) -> list[tuple[int, int]]:
        """Return (time_mu, level) of each change of an input in [start, stop).

        Photons of the probe are counted; nothing else drives an input.
        """
        if channel != self._counter:
            return []
        return self._transmission.clicks(start_mu, stop_mu)

    def _detuning(self, time_mu: float) -> float:
        return self.atoms.ageing.detuning(time_mu)

    def stalls(self) -> dict[int, float]:
        """Return before which output events the CPU stands still, for how long, s."""
        return self.faults.stalls()

    def safe_state(self) -> list[str]:
        """Return the roles that are not in their safe state."""
        return self._controls.after(self._latencies.coming).unsafe()


def from_truth(wiring: Mapping[str, str], truth: Mapping[str, Any], seed: int) -> Plant:
    """Return the plant of a resolved truth (`sim_backend.crate.plant.Laboratory`)."""
    return Plant(Scenario.from_dict(truth), wiring, seed)
