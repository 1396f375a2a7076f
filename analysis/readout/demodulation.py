"""From a hologram to the complex field: side-band demodulation.

Axes: frames and fields are (ny, nx); pixel centres are symmetric about the cavity
axis. Fields are in sqrt(photo-electrons) per pixel of the exposure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter

from ccqed_ctrl import checks
from ccqed_ctrl.errors import DecodingError
from ccqed_ctrl.model.imaging import pixel_axis
from ccqed_ctrl.params import Axis, Imaging
from ccqed_ctrl.units import TWO_PI

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Pixels over which the reference is smoothed, and the least of its mean that counts.
SMOOTH, LEAST_SHARE = 6.0, 0.1
#: Passes that estimate |E|^2 and take it out of the side band.
AUTOTERM_PASSES = 2


@dataclass(frozen=True)
class Band:
    """The part of Fourier space that holds the field: a disc with a soft edge.

    mask: (n, n), 1 inside, 0 outside, in FFT order. Only the m x m `orders` about zero
    that hold the disc are ever computed.
    """

    mask: Floats

    @classmethod
    def of_radius(cls, radius: float, imaging: Imaging) -> Band:
        """Make the disc of `radius` rad/m with a Tukey edge of a tenth of it."""
        radius = checks.number("band radius", radius, 1e-6, unit="rad/m")
        k = TWO_PI * fft.fftfreq(imaging.pixels, imaging.pixel_size)
        size = np.hypot(k[:, None], k[None, :])
        edge = np.clip((1.05 - size / radius) / 0.1, 0.0, 1.0)
        return cls(np.asarray(0.5 - 0.5 * np.cos(np.pi * edge), np.float64))

    @cached_property
    def orders(self) -> NDArray[np.int64]:
        """The Fourier orders (m,) along an axis that the disc reaches, FFT order."""
        pixels = len(self.mask)
        reach = int(np.count_nonzero(self.mask[0, : pixels // 2 + 1])) - 1
        count = min(2 * reach + 1, pixels)
        return np.rint(fft.fftfreq(count, 1 / count)).astype(np.int64)

    @cached_property
    def weights(self) -> Floats:
        """The mask (m, m) at the orders."""
        return self.mask[np.ix_(self.orders, self.orders)]

    @property
    def share(self) -> float:
        """Share of white noise that passes."""
        return float(np.mean(self.mask**2))

    def components(self, images: NDArray[np.generic]) -> Complex:
        """Return the Fourier components (..., m, m) of images (..., n', n').

        An image may be sampled more coarsely than the frame: n' <= n. Sums of |.|^2
        over the components are those over the n x n pixels.
        """
        rows = fft.fft(images, axis=-1)[..., self.orders]
        cropped = fft.fft(rows, axis=-2)[..., self.orders, :]
        scale = len(self.mask) / np.shape(images)[-1] ** 2
        return np.asarray(cropped * scale, np.complex128)

    def lines(self, values: NDArray[np.generic]) -> Complex:
        """Return the components (..., m, k) of lines (..., n, k) of pixels.

        Those of an image that is a product of two lines are the products of theirs.
        """
        found = fft.fft(values, axis=-2)[..., self.orders, :]
        return np.asarray(found / np.sqrt(len(self.mask)), np.complex128)

    def spectrum(self, images: NDArray[np.generic]) -> Complex:
        """Return the components (..., m, m) of low-passed images (..., n', n')."""
        return self.components(images) * self.weights

    def image(self, spectrum: Complex, side: int | None = None) -> Complex:
        """Return images (..., side, side) of components; side: by default n."""
        pixels = len(self.mask)
        side = pixels if side is None else side
        *many, count, _ = spectrum.shape
        columns = np.zeros((*many, side, count), np.complex128)
        columns[..., self.orders, :] = spectrum
        rows = np.zeros((*many, side, side), np.complex128)
        rows[..., self.orders] = fft.ifft(columns, axis=-2)
        scale = side**2 / pixels
        return np.asarray(fft.ifft(rows, axis=-1) * scale, np.complex128)

    def filter(self, images: NDArray[np.generic]) -> Complex:
        """Low-pass images (..., n, n) by the band."""
        return self.image(self.spectrum(images))


def centred(field: Field, axis: Axis, imaging: Imaging) -> Field:
    """Return a field with the cavity axis in the centre of the frame.

    Pixels that the camera clipped move by whole pixels.
    """
    if axis == Axis():
        return field
    k = TWO_PI * field.band.orders / (imaging.pixels * imaging.pixel_size)
    turn = np.exp(1j * (k[:, None] * axis.y + k[None, :] * axis.x))
    steps = tuple(-round(each / imaging.pixel_size) for each in (axis.y, axis.x))
    valid = np.roll(field.valid, steps, axis=(0, 1))
    return replace(field, spectrum=field.spectrum * turn, valid=valid)


def field_band(cloud_size: float, imaging: Imaging) -> Band:
    """Return the band of clouds of rms size s: radius 2.8/s, physics.md 7."""
    cloud_size = checks.number("cloud_size", cloud_size, 1e-9, unit="m")
    return Band.of_radius(2.8 / cloud_size, imaging)


@dataclass(frozen=True)
class Field:
    """A demodulated frame.

    band: of Fourier space. spectrum: (m, m) complex, its components there, see `Band`.
    valid: (ny, nx) bool, False where the camera clipped. noise: float, variance of
    each quadrature of one unfiltered pixel in e-.
    """

    band: Band
    spectrum: Complex
    valid: NDArray[np.bool_]
    noise: float

    @cached_property
    def values(self) -> Complex:
        """The field (ny, nx), sqrt(e-) per pixel."""
        return self.band.image(self.spectrum)


def electrons(frame: ArrayLike, imaging: Imaging) -> Floats:
    """Return counts (..., ny, nx) as photo-electrons, offset removed."""
    counts = np.asarray(frame, np.float64)
    return (counts - imaging.offset) * imaging.electrons_per_count


def flattened(
    hologram: ArrayLike, reference: ArrayLike, imaging: Imaging
) -> tuple[Floats, Floats]:
    """Return both frames (ny, nx), in counts, as under an even reference.

    Where the reference is brighter, or a window lets more through, the field seems
    brighter, too; the reference frame, smoothed, says where.
    """
    shape = (imaging.pixels, imaging.pixels)
    lit = checks.array("reference", reference, shape) - imaging.offset
    beat = checks.array("hologram", hologram, shape) - (lit + imaging.offset)
    level = float(lit.mean())
    smooth = gaussian_filter(lit, SMOOTH, mode="nearest")
    share = np.maximum(smooth / max(level, 1e-300), LEAST_SHARE)
    even = np.full(shape, level + imaging.offset)
    return even + beat / share, even


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
    gain = imaging.electrons_per_count
    level = gain * (float(blank.mean(where=valid)) - imaging.offset)
    if level < 4 * imaging.read_noise:
        raise DecodingError(
            f"the reference frame holds {level:.3g} e- per pixel; is the local "
            "oscillator on, and was the camera triggered?"
        )
    beat = np.subtract(counts, blank, out=np.zeros(shape), where=valid)
    spectrum = _sideband(beat * gain, level, imaging, band)
    noise = (2 * level + 2 * imaging.read_noise**2) / (2 * level)
    return Field(band, spectrum, valid, noise)


def _sideband(beat: Floats, level: float, imaging: Imaging, band: Band) -> Complex:
    """Return the components of the field, |E|^2 estimated and taken out.

    |E|^2 fills twice the band: a coarser grid holds it, and gives the sums over all
    pixels exactly.
    """
    axis = pixel_axis(imaging)
    down, along = (
        np.exp(1j * k * axis) for k in (imaging.carrier_y, imaging.carrier_x)
    )
    first = band.spectrum(beat * (np.outer(down, along) / np.sqrt(level)))
    side = min(fft.next_fast_len(2 * len(band.orders)), imaging.pixels)
    left, right = (_mixing(wave, band.orders, side) for wave in (down, along))
    weights = band.weights * (imaging.pixels / np.sqrt(level))
    found = first
    for _ in range(AUTOTERM_PASSES):
        light = np.abs(band.image(found, side)) ** 2
        mixed = (left.real @ light + 1j * (left.imag @ light)) @ right.T
        found = first - weights * mixed
    return found


def _mixing(wave: Complex, orders: NDArray[np.int64], side: int) -> Complex:
    """Return the orders (m, side) of `wave` times what `side` points hold.

    The n pixels of the wave cut it: it has components at all differences of orders.
    """
    held = np.rint(fft.fftfreq(side, 1 / side)).astype(np.int64)
    components = fft.fft(wave)[orders[:, None] - held] / len(wave)
    return np.asarray(fft.fft(components) / side, np.complex128)
