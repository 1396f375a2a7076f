"""The plant: atoms, cavity and camera of the simulated laboratory.

The only stateful physics object. RTIO events and controller calls move it; time passes
only in `advance`. What the camera returns follows from what the lines, the DMD and the
tweezers did, never from a number drawn in place of physics.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.errors import DeviceError, TimelineError
from ccqed_ctrl.rng import stream
from ccqed_ctrl.units import TWO_PI
from sim_backend.crate.events import Event

from . import ensembles
from .ageing import Ageing
from .controls import SET_POINT, Controls, Setting
from .delays import Latencies
from .exposures import Exposure, Sensor, samples
from .faults import HELD, Fault, Faults
from .locking import CavityLock
from .mirrors import mirror_modes
from .optics import Optics
from .physics.system import Drive, SpinSystem
from .pixels import Pixels
from .scenario import Scenario
from .traps import Traps

logger = logging.getLogger(__name__)

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
        self._wiring = dict(wiring)
        self._controls = Controls(wiring, scenario.pump_calibration)
        self._rng = stream(self._seed, "ensembles")
        camera_rng = stream(self._seed, "camera")
        self.faults = Faults(scenario.faults, self._seed)
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
        self._doubts: set[str] = set()
        self._loads = 0
        self._preparations = 0
        self._spots: tuple[Floats, Floats] | None = None
        self.load_sites(np.empty((0, 2)))

    # Controllers ---------------------------------------------------------------

    def load_sites(self, positions: Floats) -> None:
        """Move the tweezers to `positions` (N, 2) m and fill them with fresh atoms."""
        commanded = checks.array("positions", positions, ("N", 2))
        self._loads += 1
        rng = stream(self._seed, "placement", self._loads)
        error = self.scenario.imperfections.placement_error
        true = commanded + rng.normal(scale=error, size=commanded.shape)
        self._sites = true
        self._filled = self._traps.fill(len(true))
        self._couple(self.scenario.cloud.size)
        self.faults.load()
        self._prepare()
        self._shape_field()

    def _couple(self, size: float) -> None:
        """Work out what cavity and pump make of clouds of an rms size in m."""
        self._size, self._clouds = size, self._optics.clouds(self._sites, size)
        self._couplings = self._optics.couplings(self._clouds)

    def show_pattern(self, positions: Floats, amplitudes: Floats) -> None:
        """Shape the longitudinal drive as spots (L, 2) m of real amplitudes (L,)."""
        self._spots = (self._optics.spots(positions), amplitudes)
        self._shape_field()

    def show_mirrors(self, pattern: NDArray[np.bool_]) -> None:
        """Shape the longitudinal drive by mirrors, (rows, columns) bool."""
        self._spots = (mirror_modes(pattern, self.scenario), np.ones(1))
        self._shape_field()

    def blank_pattern(self) -> None:
        """Let no longitudinal light through."""
        self._spots = None
        self._shape_field()

    def _shape_field(self) -> None:
        """Work out what the shown pattern drives: modes (K,), and sites, K f (N,)."""
        self._pattern: Floats | None = None
        self._pattern_field = np.zeros(self._clouds.shape[1])
        if self._spots is None:
            return
        self._pattern = np.matmul(*self._spots)
        self._pattern_field = self._optics.driven_field(
            self._clouds, *self._spots, self._shifts
        )

    # Atoms ---------------------------------------------------------------------

    def _prepare(self) -> None:
        """Pump every atom into the lower spin state; atom numbers are new."""
        truth = self.scenario
        self._preparations += 1
        rng = stream(self._seed, "preparation", self._preparations)
        count = self._clouds.shape[1]
        spread = truth.imperfections.atom_number_spread
        scatter = rng.standard_normal((count,))
        atoms = truth.cloud.atoms * (1 + spread * scatter)
        atoms[~self._filled] = 0
        self.faults.spill(atoms)
        self._drift = rng.normal(scale=truth.imperfections.phase_drift)
        self._lost_phase = rng.uniform(0, TWO_PI, size=2)
        reference = stream(self._seed, "reference", self._preparations)
        rate = truth.imperfections.phase_drift_rate
        self._prepared_mu, self._drift_rate = self.now_mu, reference.normal(scale=rate)
        ages = stream(self._seed, "ageing", self._preparations)
        self._ageing = Ageing(truth, self.now_mu, REF_PERIOD, ages, self.lock)
        self._spins = np.rint(np.maximum(atoms, 0)) / 2
        self._shifts = self._optics.shifts(self._sites, 2 * self._spins)
        heated = self._size != truth.cloud.size
        if heated:
            self._couple(truth.cloud.size)
        if heated or self._shifts is not None:
            self._shape_field()
        self._system = ensembles.spin_system(
            truth, self._couplings, self._spins, self._shifts
        )
        # The chance of steepest descent lives as long as the laboratory.
        chance = self._rng
        if truth.dynamics == "semiclassical":
            chance = stream(self._seed, "dephasing", self._preparations)
        self._ensembles = ensembles.prepare(self._system.spins, truth, rng, chance)

    def lock_error(self) -> float:
        """Return the rms error of Delta_C in the lock's loop, rad/s."""
        return self._ageing.lock_error(self.now_mu)

    def magnetization(self) -> Floats:
        """Return the present <Sx>/S (N,): for tests and the operator's curiosity."""
        return self._ensembles.magnetization

    # Time ----------------------------------------------------------------------

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
            if prepared:
                self._evolve(pieces, start, opened)
                pieces = []
                self.faults.begin(self._sites)
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
            magnetization = self._integrate(edges, settings, times[order])
            for index, row in zip(order, magnetization, strict=True):
                instant, duration, setting, exposure = sampled[index]
                exposure.electrons += duration * self._rate(row, setting, instant)
        self.now_mu = max(self.now_mu, stop)
        self.sensor.close_until(self.now_mu)

    def _integrate(
        self, edges: NDArray[np.int64], settings: list[Setting], times: Floats
    ) -> Floats:
        """Evolve the atoms over `edges`; return <Sx> over first S at `times`, mu."""
        if len(self._spins) == 0:
            return np.empty((len(times), 0))
        ageing = self._ageing
        if not ageing.happens:
            return self._relax(self._system, edges, settings, times)
        edges, settings = ageing.cut(edges, settings)
        shown = []
        for start, stop, setting in zip(edges[:-1], edges[1:], settings, strict=True):
            inside = times[(times >= start) & (times < stop)]
            part, gain = np.array([start, stop]), ageing.gain(start)
            system = ageing.system(self._system, start, setting, self._felt(setting))
            rows = self._relax(system, part, [setting], inside, gain)
            shown.append(ageing.spins_left(start) * rows)
            ageing.live(setting, stop - start)
            self._heat()
        return np.concatenate(shown)

    def _relax(
        self,
        system: SpinSystem,
        edges: NDArray[np.int64],
        settings: list[Setting],
        times: Floats,
        gain: float = 1.0,
    ) -> Floats:
        """Evolve one system over `edges`; return magnetizations at `times`, mu."""
        origin = edges[0]
        drive = Drive(
            times=(edges - origin) * REF_PERIOD,
            power=np.array([self._power(setting) for setting in settings]),
            field=np.stack([gain * self._field(setting) for setting in settings]),
            noise=np.array([setting.noise for setting in settings]),
        )
        seconds = (times - origin) * REF_PERIOD
        shown = self._ensembles.evolve(system, drive, seconds)
        self._note(self._ensembles.doubts)
        return shown

    def _note(self, doubts: set[str]) -> None:
        """Tell of each broken condition of the dynamics once."""
        for doubt in sorted(doubts - self._doubts):
            logger.warning(
                "%s: outside of what dynamics=%s is valid for; dynamics=semiclassical "
                "needs no such condition",
                doubt,
                self.scenario.dynamics,
            )
        self._doubts |= doubts

    def doubts(self) -> list[str]:
        """Return which conditions of the dynamics were broken so far, by name."""
        return sorted(self._doubts)

    def _felt(self, setting: Setting) -> Floats:
        """Return the total fields b_i (N,) in rad/s."""
        spins = 2 * self._spins * self._ensembles.magnetization
        return self._power(setting) * (self._couplings @ spins) + self._field(setting)

    def _heat(self) -> None:
        """Follow the clouds where they have grown by more than a per cent."""
        size = self._ageing.cloud_size()
        if size > 1.01 * self._size:
            self._couple(size)
            self._shape_field()
            self._system = ensembles.spin_system(
                self.scenario, self._couplings, self._spins, self._shifts
            )

    def _power(self, setting: Setting) -> float:
        return (setting.rabi_frequency / self.scenario.pump.rabi_frequency) ** 2

    def _field(self, setting: Setting) -> Floats:
        """Return h (N,) rad/s: pump times longitudinal drive, in phase or not."""
        truth = self.scenario
        angle = self._longitudinal_phase(setting)
        pump = setting.rabi_frequency / truth.pump_calibration.rabi_frequency_1v
        strength = truth.longitudinal.full_scale * setting.longitudinal * pump
        return strength * np.cos(angle) * self._pattern_field

    def _longitudinal_phase(self, setting: Setting) -> float:
        """Return the phase of the longitudinal drive against the pump, rad."""
        angle = TWO_PI * (setting.longitudinal_phase - setting.pump_phase)
        angle += self.scenario.longitudinal.phase + self._unlocked(setting, 0)
        return angle

    def _unlocked(self, setting: Setting, beam: int) -> float:
        """Return the unknown phase of tones without a common fiducial."""
        return 0.0 if setting.locked else float(self._lost_phase[beam])

    # Light ---------------------------------------------------------------------

    def _rate(self, magnetization: Floats, setting: Setting, instant: float) -> Floats:
        """Return photo-electrons per pixel and second (ny, nx) at an instant, mu."""
        angle = TWO_PI * (setting.pump_phase - setting.reference_phase)
        seconds = (instant - self._prepared_mu) * REF_PERIOD
        drift = self._drift + self._drift_rate * seconds
        angle += self.scenario.imaging.phase + drift + self._unlocked(setting, 1)
        angle += np.pi * self.faults.now(Fault.reference_flipped)
        light = self._intracavity(magnetization, setting, instant)
        return self._optics.rate(light, angle, setting.reference)

    def _intracavity(
        self, magnetization: Floats, setting: Setting, instant: float
    ) -> Complex | None:
        """Return alpha_m (K,) against the pump's phase; None for a dark cavity."""
        light: Complex | None = None
        if setting.rabi_frequency > 0 and len(magnetization) > 0:
            spins = magnetization * self._spins
            light = self._optics.emission(self._clouds, spins, setting.rabi_frequency)
        if setting.longitudinal > 0 and self._pattern is not None:
            driven = self._optics.driven(self._pattern, setting.longitudinal)
            driven = driven * np.exp(1j * self._longitudinal_phase(setting))
            light = driven if light is None else light + driven
        if light is None:
            return None
        if self._shifts is not None:
            light = self._optics.dressed(light, self._clouds, self._shifts)
        return light * self._ageing.light(instant) if self._ageing.happens else light

    def site_counts(self) -> NDArray[np.int64]:
        """Take an image of the sites; return the photo-electrons of each, (N,)."""
        return self._traps.image(2 * self._spins * self._ageing.atoms_left(self.now_mu))

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

    def stalls(self) -> dict[int, float]:
        """Return before which output events the CPU stands still, for how long, s."""
        return self.faults.stalls()

    def safe_state(self) -> list[str]:
        """Return the roles that are not in their safe state."""
        return self._controls.after(self._latencies.coming).unsafe()


def from_truth(wiring: Mapping[str, str], truth: Mapping[str, Any], seed: int) -> Plant:
    """Return the plant of a resolved truth (`sim_backend.crate.plant.Laboratory`)."""
    return Plant(Scenario.from_dict(truth), wiring, seed)
