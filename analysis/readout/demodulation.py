"""From a hologram to the complex field: side-band demodulation.

Axes: frames and fields are (ny, nx); pixel centres are symmetric about the cavity
axis. Fields are in sqrt(photo-electrons) per pixel of the exposure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from ccqed_ctrl import checks
from ccqed_ctrl.errors import DecodingError
from ccqed_ctrl.model.imaging import reference_wave
from ccqed_ctrl.params import Imaging
from ccqed_ctrl.units import TWO_PI

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Passes that estimate |E|^2 and take it out of the side band.
AUTOTERM_PASSES = 2


@dataclass(frozen=True)
class Band:
    """The part of Fourier space that holds the field: a disc with a soft edge."""

    mask: Floats  # (ny, nx), 1 inside, 0 outside, in FFT order

    @classmethod
    def of_radius(cls, radius: float, imaging: Imaging) -> Band:
        """Make the disc of `radius` rad/m with a Tukey edge of a tenth of it."""
        radius = checks.number("band radius", radius, 1e-6, unit="rad/m")
        k = TWO_PI * fft.fftfreq(imaging.pixels, imaging.pixel_size)
        size = np.hypot(k[:, None], k[None, :])
        edge = np.clip((1.05 - size / radius) / 0.1, 0.0, 1.0)
        return cls(np.asarray(0.5 - 0.5 * np.cos(np.pi * edge), np.float64))

    def filter(self, images: NDArray[np.generic]) -> Complex:
        """Low-pass images (..., ny, nx) by the band."""
        spectrum = fft.fft2(images, workers=-1)
        return np.asarray(fft.ifft2(spectrum * self.mask, workers=-1), np.complex128)


def field_band(cloud_size: float, imaging: Imaging) -> Band:
    """Return the band of clouds of rms size s: radius 2.8/s, physics.md 7."""
    cloud_size = checks.number("cloud_size", cloud_size, 1e-9, unit="m")
    return Band.of_radius(2.8 / cloud_size, imaging)


@dataclass(frozen=True)
class Field:
    """A demodulated frame.

    values: (ny, nx) complex, sqrt(e-) per pixel. valid: (ny, nx) bool, False where
    the camera clipped. noise: float, variance of each quadrature of one unfiltered
    pixel in e-.
    """

    values: Complex
    valid: NDArray[np.bool_]
    noise: float


def electrons(frame: ArrayLike, imaging: Imaging) -> Floats:
    """Return counts (..., ny, nx) as photo-electrons, offset removed."""
    counts = np.asarray(frame, np.float64)
    return (counts - imaging.offset) * imaging.electrons_per_count


def demodulate(
    hologram: ArrayLike, reference: ArrayLike, imaging: Imaging, band: Band
) -> Field:
    """Recover the field E from I = |E + L|^2 and the reference frame |L|^2.

    (I - |L|^2) e^{ik.r} = E |L| + (terms at k and 2k); the band keeps the first, and
    |E|^2 is estimated and removed in two passes. Clipped pixels are filled with the
    reference and marked invalid.

    Parameters
    ----------
    hologram, reference : (ny, nx) counts
    imaging : Imaging
        What is believed of the camera and the reference tilt.

    Raises
    ------
    ShapeError
        Frames of another size than `imaging` says.
    DecodingError
        No reference light, or most of the frame clipped.
    """
    shape = (imaging.pixels, imaging.pixels)
    counts = checks.array("hologram", hologram, shape)
    blank = checks.array("reference", reference, shape)
    valid = (counts < imaging.saturation) & (blank < imaging.saturation)
    if np.count_nonzero(valid) < valid.size / 2:
        clipped = 1 - np.count_nonzero(valid) / valid.size
        raise DecodingError(
            f"{clipped:.0%} of the pixels are saturated; shorten the exposure or "
            "attenuate the local oscillator"
        )
    light = electrons(blank, imaging)
    level = float(light[valid].mean())
    if level < 4 * imaging.read_noise:
        raise DecodingError(
            f"the reference frame holds {level:.3g} e- per pixel; is the local "
            "oscillator on, and was the camera triggered?"
        )
    beat = np.where(valid, electrons(counts, imaging) - light, 0.0)
    values = _sideband(beat, level, imaging, band)
    noise = (2 * level + 2 * imaging.read_noise**2) / (2 * level)
    return Field(values, valid, noise)


def _sideband(beat: Floats, level: float, imaging: Imaging, band: Band) -> Complex:
    carrier = reference_wave(imaging) / np.sqrt(level)
    values = band.filter(beat * carrier)
    for _ in range(AUTOTERM_PASSES):
        values = band.filter((beat - np.abs(values) ** 2) * carrier)
    return values
