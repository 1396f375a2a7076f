"""The light of one scenario: from sites, DMD spots and spins to what pixels see.

Axes: K modes, N sites, L spots of the DMD.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ccqed_ctrl.model.imaging import pixel_axis, reference_wave
from ccqed_ctrl.units import TWO_PI

from .physics import cavity as modes
from .physics import dispersion
from .physics.detection import hologram_rate
from .physics.geometry import gaussian_profile, turned
from .scenario import Scenario

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Distance from the origin at which the distortion of the traps' map is stated, m.
DISTORTION_RADIUS = 100e-6


class _Latest:
    """A function of arrays that remembers its last value.

    The samples of an exposure have the same light, shots the same spots. Nobody changes
    the arrays.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._asked: tuple[NDArray[Any], ...] | None = None

    def __call__(self, *asked: NDArray[Any]) -> Any:
        before = self._asked
        if before is None or not all(map(_same, asked, before)):
            self._asked, self._value = asked, self._function(*asked)
        return self._value


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one is other or np.array_equal(one, other)


class Optics:
    """Cavity, DMD and camera where they truly are. Holds no state but what is kept."""

    def __init__(self, scenario: Scenario) -> None:
        self._truth = scenario
        alignment, detection = scenario.alignment, scenario.detection
        self._axis = np.array([alignment.axis_x, alignment.axis_y])
        pixels = pixel_axis(scenario.imaging)
        imager = modes.ModeImager.on_grid(
            pixels - self._axis[0], pixels - self._axis[1], scenario.cavity.waist,
            scenario.modes, blur=scenario.resolution.imaging,
        )  # fmt: skip
        self._reference = reference_wave(scenario.imaging)
        fringes = np.cos(TWO_PI * pixels / detection.fringe_period)
        self._window = 1 + detection.fringe_contrast * fringes
        self._imaged = _Latest(imager.field)
        self._spots = _Latest(self._blurred)
        self._kernel = _Latest(
            lambda clouds, spots: modes.drive_kernel(
                clouds, spots, scenario.cavity, scenario.modes
            )
        )

    def clouds(self, positions: Floats, size: float) -> Floats:
        """Return <u_m>_j (K, N) of clouds at sites (N, 2) m, weighted by their pump.

        size: rms of a cloud, m.
        """
        sites = self._in_place(positions)
        pump = gaussian_profile(sites, self._truth.pump_beam.waist)
        return self._averages(sites, size) * pump

    def spots(self, positions: Floats) -> Floats:
        """Return <u_m>_k (K, L) of the DMD's spots, of a cloud's size and blurred."""
        return np.asarray(self._spots(positions), np.float64)

    def _blurred(self, positions: Floats) -> Floats:
        blur = self._truth.resolution.dmd
        return self._averages(positions, float(np.hypot(self._truth.cloud.size, blur)))

    def _in_place(self, positions: Floats) -> Floats:
        alignment = self._truth.alignment
        if alignment.distortion:
            squares = np.sum(positions**2, axis=1, keepdims=True)
            positions = positions * (
                1 + alignment.distortion * squares / DISTORTION_RADIUS**2
            )
        return turned(positions, alignment.magnification, alignment.rotation)

    def _averages(self, positions: Floats, size: float) -> Floats:
        truth = self._truth
        return modes.cloud_averages(
            positions - self._axis, size, truth.cavity.waist, truth.modes
        )

    def couplings(self, clouds: Floats) -> Floats:
        """Return J_ij (N, N), rad/s, at the pump of the scenario."""
        truth = self._truth
        coupling = truth.pump.mode_coupling(truth.cavity)
        return modes.mode_couplings(clouds, coupling, truth.cavity, truth.modes)

    def driven_field(
        self, clouds: Floats, spots: Floats, amplitudes: Floats, shifts: Floats | None
    ) -> Floats:
        """Return K f (N,) as the dynamics of the scenario take it."""
        if shifts is None or self._truth.dynamics == "semiclassical":
            return self.pattern_field(clouds, spots, amplitudes)
        return self.shifted_field(clouds, spots @ amplitudes, shifts)

    def pattern_field(
        self, clouds: Floats, spots: Floats, amplitudes: Floats
    ) -> Floats:
        """Return K f (N,), the field of spots of real amplitudes (L,) at the clouds."""
        return np.asarray(self._kernel(clouds, spots) @ amplitudes, np.float64)

    def shifts(self, positions: Floats, atoms: Floats) -> Floats | None:
        """Return the dispersive shifts (N,) by atoms (N,), rad/s; None for no such."""
        truth = self._truth
        if truth.light_shifts.dispersion == 0:
            return None
        clouds = self._averages(self._in_place(positions), truth.cloud.size)
        found = dispersion.site_shifts(clouds, atoms, truth.cavity, truth.pump)
        return truth.light_shifts.dispersion * found

    def dressed(self, light: Complex, clouds: Floats, shifts: Floats) -> Complex:
        """Return what the atoms' shifts make of the empty cavity's light."""
        response = self._truth.modes.response(self._truth.cavity)
        return dispersion.dressed_light(light, clouds, shifts, response)

    def shifted_field(self, clouds: Floats, pattern: Floats, shifts: Floats) -> Floats:
        """Return K f (N,) of shifted modes: -2 Re g_i alpha over the full scale."""
        truth = self._truth
        light = self.dressed(self.driven(pattern, 1.0), clouds, shifts)
        unit = truth.pump.replace(
            rabi_frequency=truth.pump_calibration.rabi_frequency_1v
        ).mode_coupling(truth.cavity)
        felt: Floats = -2 * unit * truth.cavity.waist * (clouds.T @ light).real
        return felt / truth.longitudinal.full_scale

    def emission(
        self, clouds: Floats, projections: ArrayLike, rabi_frequency: float
    ) -> Complex:
        """Return alpha_m (K,) of spins s_j (N,) under a pump in rad/s."""
        truth = self._truth
        pump = truth.pump.replace(rabi_frequency=rabi_frequency)
        return modes.mode_amplitudes(
            clouds, projections, pump.mode_coupling(truth.cavity), truth.cavity,
            truth.modes,
        )  # fmt: skip

    def driven(self, pattern: Floats, amplitude: float) -> Complex:
        """Return alpha_m (K,) of the longitudinal drive's own light.

        pattern: spots times amplitudes (K,). amplitude: of the DDS.
        """
        truth = self._truth
        unit = truth.pump_calibration.rabi_frequency_1v
        pump = truth.pump.replace(rabi_frequency=unit)
        return modes.drive_amplitudes(
            pattern, truth.longitudinal.full_scale * amplitude,
            pump.mode_coupling(truth.cavity), truth.cavity, truth.modes,
        )  # fmt: skip

    def rate(self, light: Complex | None, phase: float, reference: float) -> Floats:
        """Return photo-electrons per pixel and second (ny, nx).

        light: alpha_m (K,), None for a dark cavity. phase: of the light against the
        reference. reference: amplitude of the reference's DDS.
        """
        truth, detection = self._truth, self._truth.detection
        wave = reference * np.sqrt(detection.reference_rate) * self._reference
        if light is None:
            shone = np.abs(wave) ** 2
        else:
            leak = np.sqrt(2 * truth.cavity.kappa * detection.efficiency)
            field = self._imaged(light) * np.exp(1j * phase)
            shone = hologram_rate(leak * truth.imaging.pixel_size * field, wave)
        return np.asarray(shone * self._window + detection.stray_rate, np.float64)
