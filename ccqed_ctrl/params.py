"""Parameters of the laboratory: what an operator chooses, what is believed.

SI inside, display units in the declarations (`quantities`). The simulated laboratory
holds *its* truth in the same classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from .errors import ParameterError
from .quantities import Parameters, quantity
from .units import TWO_PI, angular

#: Natural linewidth of the 87Rb D2 line, rad/s.
RUBIDIUM_LINEWIDTH: Final = angular(6.0666e6)

#: Least area of what a unit square of commanded positions becomes.
LEAST_AREA: Final = 0.2

#: How patterns are mapped to minima: `model.encoder`, `model.trained_encoder`.
ENCODERS: Final = ("plain", "trained")


@dataclass(frozen=True)
class Cavity(Parameters):
    """Confocal cavity. `kappa` is the FIELD decay rate (half width), Eq. 10."""

    waist: float = quantity(
        35.2336e-6, "TEM00 waist w0", "um", minimum=1e-6, maximum=1e-3
    )
    kappa: float = quantity(
        angular(150e3), "field decay rate", "2pi kHz", minimum=1.0,
        maximum=angular(100e6),
    )  # fmt: skip
    pump_detuning: float = quantity(
        angular(-3e6), "pump minus cavity frequency (red: negative)", "2pi MHz",
        minimum=angular(-1e9), maximum=angular(-10e3),
    )  # fmt: skip
    single_photon_coupling: float = quantity(
        angular(1.5e6), "single-atom single-mode coupling g0", "2pi MHz",
        minimum=angular(1e3), maximum=angular(100e6),
    )  # fmt: skip


@dataclass(frozen=True)
class Pump(Parameters):
    """Transverse Raman pump."""

    rabi_frequency: float = quantity(
        angular(151.3e6), "Raman pump Rabi frequency Omega", "2pi MHz", minimum=0.0,
        maximum=angular(1e15),
    )  # fmt: skip
    atomic_detuning: float = quantity(
        angular(-100e9), "pump detuning from the excited state", "2pi GHz",
        minimum=angular(-10e12), maximum=angular(-100e6),
    )  # fmt: skip
    omega_z: float = quantity(
        1e6, "two-photon (spin) splitting", "rad/s", minimum=1e3, maximum=1e9
    )

    def mode_coupling(self, cavity: Cavity) -> float:
        """Return g~0 = Omega g0 / |Delta_A| in rad/s.

        Text convention of the paper; A7-A12 would add sqrt(3)/24, see physics.md 4.
        """
        return (
            self.rabi_frequency
            * cavity.single_photon_coupling
            / abs(self.atomic_detuning)
        )


@dataclass(frozen=True)
class Cloud(Parameters):
    """One tweezer-held ensemble of 87Rb."""

    size: float = quantity(
        35.2336e-6 / math.sqrt(80.0), "rms size sigma_A per coordinate", "um",
        minimum=1e-7, maximum=100e-6,
    )  # fmt: skip
    atoms: int = quantity(
        100_000, "atoms per ensemble M = 2S", minimum=1, maximum=10**8, step=1000
    )

    def beta(self, cavity: Cavity) -> float:
        """Return beta = w0^2 / (8 sigma_A^2), the local part of the coupling."""
        return cavity.waist**2 / (8 * self.size**2)


@dataclass(frozen=True)
class Memories(Parameters):
    """What is stored, and how it is mapped to the cavity."""

    patterns: str = quantity(
        "icons",
        "icons, digits, PNG, JPEG or BMP (a file or a folder), or a .npy (P, N)",
    )
    image_size: int | None = quantity(
        None, "side to which pictures are resized; unset: as they are", minimum=2,
        maximum=64,
    )  # fmt: skip
    encoder: str = quantity(
        "plain", "plain: Eqs. 29-31; trained: chosen minima and wide margins",
        choices=ENCODERS,
    )  # fmt: skip


@dataclass(frozen=True)
class Cue(Parameters):
    """What is shown of which memory."""

    memory: str = quantity("3", "the memory to recall, by name or by index")
    corruption: float = quantity(
        0.1, "fraction of the cue's pixels flipped", minimum=0.0, maximum=1.0
    )


@dataclass(frozen=True)
class Layout(Parameters):
    """Where the ensembles go."""

    ensembles: int | None = quantity(
        None, "number of ensembles N; unset: one for each pixel", minimum=1,
        maximum=4096,
    )  # fmt: skip
    relative_width: float = quantity(
        1.5, "rms width of the layout over w0", minimum=0.01, maximum=20.0
    )
    minimum_distance: float = quantity(
        10e-6, "least distance between sites and mirror images", "um", minimum=0.0,
        maximum=1e-3,
    )  # fmt: skip
    columns: int | None = quantity(
        None, "columns of a product grid, which crossed deflectors light at once; "
        "unset: sites are free", minimum=1, maximum=4096,
    )  # fmt: skip
    reservoir: int = quantity(
        0, "spare traps beside the sites, whose atoms fill sites that loaded none",
        minimum=0, maximum=4096,
    )  # fmt: skip


@dataclass(frozen=True)
class Sequence(Parameters):
    """One shot: load the cue, ramp the pump, relax, take the hologram."""

    ramp_time: float = quantity(
        1e-3, "duration of the transverse pump ramp", "ms", minimum=20e-6, maximum=1.0
    )
    pump_over_threshold: float = quantity(
        2.0, "pump power at the end of the ramp, P / P_th", minimum=0.0, maximum=50.0
    )
    field_ratio: float = quantity(
        1.5, "longitudinal field over the largest local field", minimum=0.0,
        maximum=20.0,
    )  # fmt: skip
    hold_time: float = quantity(
        200e-6, "hold with pump and longitudinal drive on", "us", minimum=0.0,
        maximum=1.0,
    )  # fmt: skip
    field_off_time: float = quantity(
        1e-3, "the longitudinal field falls linearly to nothing; 0: switched off", "ms",
        minimum=0.0, maximum=0.1,
    )  # fmt: skip
    evolution_time: float = quantity(
        10e-3, "free relaxation before the hologram", "ms", minimum=0.0, maximum=10.0
    )
    noise: bool = quantity(True, "dephasing noise on until the hologram is taken")
    exposure: float = quantity(
        50e-6, "camera exposure", "us", minimum=1e-6, maximum=1.0
    )


@dataclass(frozen=True)
class Movie(Parameters):
    """Several holograms of one evolution; the first is the `Sequence`'s."""

    holograms: int = quantity(
        3, "holograms of one evolution, the first after evolution_time", minimum=2,
        maximum=1000,
    )  # fmt: skip
    interval: float | None = quantity(
        None, "from one to the next; unset: as soon as the camera has read out", "ms",
        minimum=1e-6, maximum=1.0,
    )  # fmt: skip


@dataclass(frozen=True)
class Run(Parameters):
    """How often, from which randomness, and what becomes of a bad shot."""

    shots: int = quantity(
        1, "repetitions of the shot, at each point of a scan", minimum=1,
        maximum=10_000,
    )  # fmt: skip
    seed: int = quantity(
        0, "root seed of layout, cue and catalogue", minimum=0, maximum=2**62
    )
    repeats: int = quantity(
        2,
        "how often a shot that a device spoilt is taken again",
        minimum=0,
        maximum=100,
    )
    stale: bool = quantity(
        False, "run although calibrations do not hold; the results say so"
    )
    resume: str = quantity(
        "", "number or file of a run to go on with; its finished shots are kept"
    )


@dataclass(frozen=True)
class PumpCalibration(Parameters):
    """Servo set-point to pump power: Omega^2 = (slope * volt)."""

    rabi_frequency_1v: float = quantity(
        angular(150e6), "pump Rabi frequency at a set-point of 1 V", "2pi MHz",
        minimum=angular(1e3), maximum=angular(100e9),
    )  # fmt: skip

    def volts(self, rabi_frequency: float) -> float:
        """Return the set-point in V that gives the Rabi frequency in rad/s."""
        return (rabi_frequency / self.rabi_frequency_1v) ** 2

    def rabi_frequency(self, volts: float) -> float:
        """Return the Rabi frequency in rad/s at a set-point in V."""
        return self.rabi_frequency_1v * math.sqrt(max(volts, 0.0))


@dataclass(frozen=True)
class LongitudinalCalibration(Parameters):
    """DMD-shaped drive to field: h = full_scale * amplitude * sqrt(V) * (K f)."""

    full_scale: float = quantity(
        5e6, "field h of unit pattern, DDS amplitude 1, pump set-point 1 V", "rad/s",
        minimum=1.0, maximum=1e9,
    )  # fmt: skip
    phase: float = quantity(
        0.0, "phase of the drive against the mean pump phase", minimum=-TWO_PI,
        maximum=TWO_PI,
    )  # fmt: skip


@dataclass(frozen=True)
class Imaging(Parameters):
    """Camera in the image plane of the cavity midplane, with a tilted reference."""

    pixels: int = quantity(256, "side of the square frame", minimum=16, maximum=2048)
    pixel_size: float = quantity(
        0.036 * 35.2336e-6, "pixel pitch over magnification", "um", minimum=1e-9,
        maximum=1e-3,
    )  # fmt: skip
    carrier_x: float = quantity(
        36.0 / 35.2336e-6, "reference tilt k_x in rad/m, object plane", minimum=-1e8,
        maximum=1e8,
    )  # fmt: skip
    carrier_y: float = quantity(
        36.0 / 35.2336e-6, "reference tilt k_y in rad/m, object plane", minimum=-1e8,
        maximum=1e8,
    )  # fmt: skip
    phase: float = quantity(
        0.0, "emission minus reference phase in rad", minimum=-TWO_PI, maximum=TWO_PI
    )
    electrons_per_count: float = quantity(
        1.5, "camera gain in e-/ADU", minimum=1e-3, maximum=1e3
    )
    offset: float = quantity(
        500.0, "camera offset in ADU", minimum=0.0, maximum=65535.0
    )
    read_noise: float = quantity(
        6.0, "rms read noise in electrons", minimum=0.0, maximum=1e5
    )
    saturation: int = quantity(65535, "largest count", minimum=1, maximum=65535)
    readout_time: float = quantity(
        30e-3, "time from the end of an exposure to the next", "ms", minimum=0.0,
        maximum=10.0,
    )  # fmt: skip


@dataclass(frozen=True)
class Axis(Parameters):
    """Where the cavity is: its axis in the coordinates of the camera, and of the DMD.

    Sites are planned about this axis: the couplings know no other origin.
    """

    x: float = quantity(
        0.0, "x of the cavity axis", "um", minimum=-100e-6, maximum=100e-6
    )
    y: float = quantity(
        0.0, "y of the cavity axis", "um", minimum=-100e-6, maximum=100e-6
    )

    @property
    def place(self) -> tuple[float, float]:
        """The axis, m."""
        return (self.x, self.y)


@dataclass(frozen=True)
class Traps(Parameters):
    """From commanded to true positions of the traps: r = (xx xy; yx yy) c + (x, y).

    True ones are in the coordinates of the camera.
    """

    xx: float = quantity(1.0, "x of a trap per commanded x", minimum=0.5, maximum=2.0)
    xy: float = quantity(0.0, "x of a trap per commanded y", minimum=-1.0, maximum=1.0)
    yx: float = quantity(0.0, "y of a trap per commanded x", minimum=-1.0, maximum=1.0)
    yy: float = quantity(1.0, "y of a trap per commanded y", minimum=0.5, maximum=2.0)
    x: float = quantity(
        0.0, "x where a trap commanded to the origin is", "um", minimum=-100e-6,
        maximum=100e-6,
    )  # fmt: skip
    y: float = quantity(
        0.0, "y where a trap commanded to the origin is", "um", minimum=-100e-6,
        maximum=100e-6,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.xx * self.yy - self.xy * self.yx < LEAST_AREA:
            raise ParameterError(
                f"Traps must not mirror, nor shrink areas below {LEAST_AREA:g}; got "
                f"{self.matrix}: is a sign wrong?"
            )

    @property
    def matrix(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The 2 x 2 matrix, row by row."""
        return ((self.xx, self.xy), (self.yx, self.yy))


@dataclass(frozen=True)
class Tones(Parameters):
    """The AOM drives: four that are phase-locked, and the probe's."""

    frequency: float = quantity(
        200e6, "frequency of all four drives", "MHz", minimum=1e6, maximum=400e6
    )
    attenuation: float = quantity(
        10.0, "attenuation of all four drives", "dB", minimum=0.0, maximum=31.5
    )
    probe_frequency: float = quantity(
        200e6, "tone of the probe at which it has the pump's frequency", "MHz",
        minimum=1e6, maximum=400e6,
    )  # fmt: skip


@dataclass(frozen=True)
class Timing(Parameters):
    """What switching, settling and preparation take."""

    start: float = quantity(
        5e-3, "slack at the start of each shot", "ms", minimum=1e-3, maximum=1.0
    )
    preparation: float = quantity(
        50e-6, "optical pumping into the lower spin state", "us", minimum=1e-6,
        maximum=10e-3,
    )  # fmt: skip
    lead: float = quantity(
        100e-6, "longitudinal field on before the pump rises", "us", minimum=0.0,
        maximum=10e-3,
    )  # fmt: skip
    reference_guard: float = quantity(
        5e-6, "reference on before and after an exposure (AOM delay)", "us",
        minimum=1e-6, maximum=1e-3,
    )  # fmt: skip
    dac_settling: float = quantity(
        2e-6, "until the servo's set-point is out (t10 of the DAC)", "us",
        minimum=1.5e-6, maximum=1e-3,
    )  # fmt: skip
    fetch_timeout: float = quantity(
        5.0, "wait for the camera's frames", "s", minimum=0.1, maximum=600.0
    )
    trap_speed: float = quantity(
        10e-3, "top speed at which traps carry atoms to their sites", "m/s",
        minimum=1e-6, maximum=10.0,
    )  # fmt: skip
