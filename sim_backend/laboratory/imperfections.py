"""What the paper leaves out: the ways in which the laboratory is not as commanded.

Every group's default is the ideal, but for `Imperfections` and `Detection`, which hold
what every laboratory has. docs/imperfections.md says what each costs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ccqed_ctrl.quantities import Parameters, quantity
from ccqed_ctrl.units import angular


@dataclass(frozen=True)
class Imperfections(Parameters):
    """What is not as commanded, drawn anew where said."""

    placement_error: float = quantity(
        50e-9, "rms error per coordinate of a site, drawn when sites move", "nm",
        minimum=0.0, maximum=100e-6,
    )  # fmt: skip
    atom_number_spread: float = quantity(
        0.02, "relative rms of the atom numbers, drawn at each preparation",
        minimum=0.0, maximum=10.0,
    )  # fmt: skip
    phase_drift: float = quantity(
        0.1, "rms phase of the reference per preparation, rad", minimum=0.0,
        maximum=100.0,
    )  # fmt: skip
    phase_drift_rate: float = quantity(
        0.0, "rms rate of that phase within a shot, drawn per preparation", "rad/s",
        minimum=0.0, maximum=1e6,
    )  # fmt: skip


@dataclass(frozen=True)
class Detection(Parameters):
    """From the cavity mirror to electrons."""

    efficiency: float = quantity(
        0.175, "one mirror of two, path 0.5, quantum efficiency 0.7", minimum=0.0,
        maximum=1.0,
    )  # fmt: skip
    reference_rate: float = quantity(
        4e8, "reference light, electrons per pixel and second at full drive",
        minimum=0.0, maximum=1e12,
    )  # fmt: skip
    stray_rate: float = quantity(
        0.0, "stray light, electrons per pixel and second, always there", minimum=0.0,
        maximum=1e12,
    )  # fmt: skip
    fringe_contrast: float = quantity(
        0.0, "fringes of a window before the camera: relative modulation along x",
        minimum=0.0, maximum=1.0,
    )  # fmt: skip
    fringe_period: float = quantity(
        100e-6, "period of these fringes, object plane", "um", minimum=1e-7, maximum=1.0
    )


@dataclass(frozen=True)
class Camera(Parameters):
    """The sensor's kind: what its pixels do before `Imaging` makes counts of them."""

    em_gain: float = quantity(
        1.0, "mean electrons out of a multiplying register for one; 1: there is none",
        minimum=1.0, maximum=2000.0,
    )  # fmt: skip
    full_well: float | None = quantity(
        None, "photo-electrons that a pixel holds; unset: any number", minimum=1.0,
        maximum=1e9,
    )  # fmt: skip
    offset_spread: float = quantity(
        0.0, "rms of the pixels' offsets, in ADU, drawn once", minimum=0.0, maximum=1e4
    )
    gain_spread: float = quantity(
        0.0, "relative rms of the pixels' gains, drawn once", minimum=0.0, maximum=0.3
    )
    exposure_step: float = quantity(
        1e-6, "exposures are a whole number of these", "us", minimum=1e-9, maximum=0.1
    )
    buffer: int | None = quantity(
        None, "frames that its memory holds: the next overwrites the oldest; unset: as "
        "many as asked for", minimum=1, maximum=10_000,
    )  # fmt: skip


@dataclass(frozen=True)
class Alignment(Parameters):
    """Where the cavity is in the coordinates of tweezers, DMD and camera."""

    axis_x: float = quantity(
        0.0, "x of the cavity axis in the coordinates of sites, DMD and camera", "um",
        minimum=-100e-6, maximum=100e-6,
    )  # fmt: skip
    axis_y: float = quantity(
        0.0, "y of the cavity axis", "um", minimum=-100e-6, maximum=100e-6
    )
    magnification: float = quantity(
        1.0, "true over commanded distance of the sites from the origin", minimum=0.5,
        maximum=2.0,
    )  # fmt: skip
    rotation: float = quantity(
        0.0, "true minus commanded direction of the sites, rad, counterclockwise",
        minimum=-math.pi, maximum=math.pi,
    )  # fmt: skip
    distortion: float = quantity(
        0.0, "share by which a site 100 um from the origin is farther out; it grows "
        "with the square of the distance", minimum=-0.03, maximum=0.03,
    )  # fmt: skip


@dataclass(frozen=True)
class Resolution(Parameters):
    """Finite apertures, as Gaussian blurs of the field (rms per coordinate)."""

    dmd: float = quantity(
        0.0, "blur of the DMD's spots in the cavity", "um", minimum=0.0, maximum=5e-6
    )
    imaging: float = quantity(
        0.0, "blur of the emitted field on its way to the camera, object plane", "um",
        minimum=0.0, maximum=5e-6,
    )  # fmt: skip


@dataclass(frozen=True)
class PumpBeam(Parameters):
    """The transverse pump's profile, centred on the origin of the sites."""

    waist: float | None = quantity(
        None, "radius at which its field falls to 1/e; unset: uniform", "um",
        minimum=1e-6, maximum=1.0,
    )  # fmt: skip


@dataclass(frozen=True)
class PatternDisplay(Parameters):
    """The DMD as a thing of mirrors and of pictures one after the other."""

    pixels: bool = quantity(
        False, "binary mirrors with a carrier (`mirrors`) make the spots, or nearly so"
    )
    picture_time: float = quantity(
        0.0, "a pattern that is asked for sooner after the last is silently skipped",
        "us", minimum=0.0, maximum=1.0,
    )  # fmt: skip


@dataclass(frozen=True)
class Trapping(Parameters):
    """How atoms come into the traps, and with them to their sites."""

    loading: float = quantity(
        1.0, "probability that a trap holds atoms after it was loaded", minimum=0.0,
        maximum=1.0,
    )  # fmt: skip
    speed_limit: float | None = quantity(
        None, "atoms that are moved faster are lost; unset: none are", "m/s",
        minimum=1e-6, maximum=100.0,
    )  # fmt: skip
    access_time: float = quantity(
        0.0, "of sound across the beam in crossed deflectors: how long each product "
        "grid of traps is lit at least; 0: traps are anywhere", "us", minimum=0.0,
        maximum=1e-3,
    )  # fmt: skip
    longest_cycle: float = quantity(
        200e-6, "within which each trap must be lit, or it holds no atoms", "us",
        minimum=1e-6, maximum=1.0,
    )  # fmt: skip


@dataclass(frozen=True)
class SiteImaging(Parameters):
    """Fluorescence of the traps after a shot: which of them hold atoms."""

    light: float = quantity(
        2000.0, "mean photo-electrons of a full site", minimum=0.0, maximum=1e9
    )
    background: float = quantity(
        100.0, "mean photo-electrons where a site is empty", minimum=0.0, maximum=1e9
    )
    threshold: float = quantity(
        0.1, "share of that light, above the background, of a site with atoms",
        minimum=0.0, maximum=1.0,
    )  # fmt: skip


@dataclass(frozen=True)
class Delays(Parameters):
    """How late things happen."""

    aom: float = quantity(
        0.0, "sound in the AOMs: from a tone's RF to its light", "us", minimum=0.0,
        maximum=1e-3,
    )  # fmt: skip
    trigger: float = quantity(
        0.0, "from the camera's trigger to its exposure", "us", minimum=0.0,
        maximum=1e-3,
    )  # fmt: skip
    trigger_jitter: float = quantity(
        0.0, "rms scatter of that delay (never below zero)", "us", minimum=0.0,
        maximum=1e-3,
    )  # fmt: skip


@dataclass(frozen=True)
class Lock(Parameters):
    """How steady Delta_C is; the cavity stays at least kappa away from the pump."""

    drift: float = quantity(
        0.0, "rms of Delta_C from preparation to preparation", "2pi kHz", minimum=0.0,
        maximum=angular(10e6),
    )  # fmt: skip
    noise: float = quantity(
        0.0, "rms of Delta_C within a shot, slow against the light", "2pi kHz",
        minimum=0.0, maximum=angular(10e6),
    )  # fmt: skip
    bandwidth: float = quantity(
        500.0, "half width of that noise's Lorentzian spectrum", "Hz", minimum=1.0,
        maximum=5e3,
    )  # fmt: skip
    loss_rate: float = quantity(
        0.0, "how often per second the lock is lost, until it is locked again",
        minimum=0.0, maximum=1e4,
    )  # fmt: skip


@dataclass(frozen=True)
class LightShifts(Parameters):
    """What far-detuned light and atoms do to each other's frequencies."""

    dispersion: float = quantity(
        0.0, "shift of each site's supermode by its atoms, over M_i g0^2/Delta_A times "
        "the supermode's strength", minimum=0.0, maximum=10.0,
    )  # fmt: skip
    pump: float = quantity(
        0.0, "shift of omega_z by the pump, over Omega^2/|Delta_A|", minimum=-1.0,
        maximum=1.0,
    )  # fmt: skip
    cavity: float = quantity(
        0.0, "shift of omega_z by the cavity's light, over g0^2 |alpha|^2/|Delta_A| at "
        "the sites, their mean", minimum=-1.0, maximum=1.0,
    )  # fmt: skip


@dataclass(frozen=True)
class Losses(Parameters):
    """What time does, and each emission, of which there are 2 Gamma Omega^2/Delta_A^2.

    Spins that were turned at random or lost no longer take part: S_i shrinks.
    """

    depolarisation: float = quantity(
        0.0, "share of emissions that leave the atom with a random spin", minimum=0.0,
        maximum=1.0,
    )  # fmt: skip
    emission: float = quantity(
        0.0, "share of emissions that lose the atom", minimum=0.0, maximum=1.0
    )
    heating: float = quantity(
        0.0, "rms distance per coordinate by which one emission spreads an atom", "um",
        minimum=0.0, maximum=5e-6,
    )  # fmt: skip
    hold: float = quantity(
        0.0, "share of the atoms that the traps lose per second", minimum=0.0,
        maximum=1e4,
    )  # fmt: skip
