"""From the field to spins: least squares on the ideal emission kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, special

from ccqed_ctrl import checks
from ccqed_ctrl.errors import DecodingError
from ccqed_ctrl.params import Cavity, Cloud, Imaging

from .demodulation import Band, Field, field_band
from .templates import Templates

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: A spin whose sign is wrong with more than this probability is reported as 0.
UNDETERMINED = 0.01
#: Light in the templates below this many deviations of its noise is no emission.
DARK = 5.0
#: Ensembles that emit less than this fraction of the median one count as lost.
LOST = 0.2
#: Share of a template's light that no other template explains, below which it is lost
#: in rounding.
DEPENDENT = 1e-9


@dataclass(frozen=True)
class Readout:
    """The spins of one shot.

    amplitudes: (N,) complex, emission of each ensemble, sqrt(e-). spins: (N,) int8 in
    {-1, 0, +1}, 0 undetermined. error_probability: (N,) that the sign is wrong.
    phase: rad, of the emission against the reference. residual_fraction: light that
    the ensembles do not explain, above the expected noise. displacement: m, rms
    distance of the light from its ensembles' sites, above the expected noise.
    displacement_chance: that noise alone makes as much. saturated: clipped pixels.
    """

    amplitudes: Complex
    spins: NDArray[np.int8]
    error_probability: Floats
    phase: float
    residual_fraction: float
    displacement: float
    displacement_chance: float
    saturated: int


@dataclass(frozen=True)
class Decoder:
    """Templates of one layout, ready for many frames.

    templates: (K, N) and what is known of their steps. gram: (N, N), A^T A, the normal
    equations of a frame without clipped pixels. expected_phase: rad, of a spin +1
    against the reference: it settles the global sign, and says by what
    (`sign_reference`).
    """

    templates: Templates
    gram: Floats
    expected_phase: float
    sign_reference: str = "local_oscillator_phase"

    @classmethod
    def of_layout(
        cls, positions: ArrayLike, cavity: Cavity, cloud: Cloud, imaging: Imaging
    ) -> Decoder:
        """Prepare the templates for ensembles at positions (N, 2) in m."""
        band = field_band(cloud.size, imaging)
        templates = Templates.of_layout(band, positions, cavity, cloud, imaging)
        gram = templates.images.T @ templates.images
        propagation = 1 / (cavity.pump_detuning + 1j * cavity.kappa)
        phase = float(np.angle(propagation)) + imaging.phase
        return cls(templates, gram, phase)

    @property
    def band(self) -> Band:
        """The Fourier band of the field."""
        return self.templates.part.band

    def decode(self, field: Field, near: float | None = None) -> Readout:
        """Fit c = (A^T W A)^-1 A^T W E and read the sign of each ensemble.

        W is 1 on valid pixels (the reference is flat, so is the noise) and 0 on
        clipped ones. The common phase is 1/2 arg sum c^2/sigma^2, known modulo pi; the
        branch nearest `near` rad, by default `expected_phase`, fixes the global sign.
        Of a projection x, noise sigma and the common strength a of the ensembles, the
        sign is wrong with probability 1 / (1 + exp(2 a |x| / sigma^2)).

        Raises
        ------
        ShapeError
            The field does not match the templates.
        DecodingError
            Sites so close that they cannot be told apart.
        """
        shape, count = self.band.mask.shape, len(self.gram)
        valid = checks.array("field", field.valid, shape, np.bool_)
        data, gram, total = self._normal(field)
        projections = self._project(data)
        factor = _factor(gram)
        amplitudes = linalg.cho_solve(factor, projections)
        variance = np.diag(linalg.cho_solve(factor, np.eye(count))) * field.noise
        near = self.expected_phase if near is None else near
        phase = _phase(amplitudes / np.sqrt(variance), near)
        projected = (amplitudes * np.exp(-1j * phase)).real
        explained = float(np.vdot(amplitudes, projections).real)
        # Without light, chi squared of 2 N degrees of freedom.
        dark = explained < (2 * count + DARK * 2 * np.sqrt(count)) * field.noise
        wrong = np.full(count, 0.5) if dark else _error(projected, variance)
        rest = (data * np.exp(-1j * phase)).real - self._seen(field.valid, projected)
        moved = self.templates.displacement(rest, projected, field.noise)
        return Readout(
            amplitudes=amplitudes,
            spins=_spins(projected, wrong),
            error_probability=wrong,
            phase=phase,
            residual_fraction=1.0 if dark else self._residual(total, explained, field),
            displacement=0.0 if dark else moved[0],
            displacement_chance=1.0 if dark else moved[1],
            saturated=int(np.count_nonzero(~valid)),
        )

    def _normal(self, field: Field) -> tuple[Complex, Floats, float]:
        """Return the even part of W E, A^T W A and the light E^T W E.

        Field and templates lie in the band, so that sums over pixels are sums over its
        few components. Only clipped pixels need the templates as images.
        """
        part = self.templates.part
        if field.valid.all():
            data = field.spectrum
            total = float(np.sum(np.abs(data) ** 2))
            return part.of(data), self.gram, total
        values = field.values * field.valid
        total = float(np.sum(np.abs(values) ** 2))
        images = self.templates.images
        seen = [self._masked(field.valid, each).real for each in images.T]
        gram = np.stack(seen) @ images
        return part.of(self.band.components(values)), gram, total

    def _project(self, data: Complex) -> Complex:
        """Return A^T of even components (K,)."""
        both = np.stack([data.real, data.imag])
        real, imaginary = both @ self.templates.images
        return real + 1j * imaginary

    def _seen(self, valid: NDArray[np.bool_], projected: Floats) -> Floats:
        """Return the even part (K,) of W A c, c real."""
        field = self.templates.images @ projected
        return field if valid.all() else self._masked(valid, field).real

    def _masked(self, valid: NDArray[np.bool_], even: NDArray[np.generic]) -> Complex:
        """Return the even part (K,) of an even field (K,) on valid pixels."""
        part = self.templates.part
        image = self.band.image(part.spectrum(even))
        return part.of(self.band.components(image * valid))

    def _residual(self, total: float, explained: float, field: Field) -> float:
        """Return the fraction of the light that the ensembles do not explain."""
        # White noise of both quadratures, of which the band lets its share through.
        valid = np.count_nonzero(field.valid)
        expected = 2 * field.noise * valid * self.band.share
        unexplained = total - explained - expected
        signal = total - expected
        return float(np.clip(unexplained / signal, 0.0, 1.0)) if signal > 0 else 1.0


def _phase(scaled: Complex, near: float) -> float:
    """Return the common phase, known modulo pi, on the branch nearest `near`."""
    half = 0.5 * float(np.angle(np.sum(scaled**2)))
    return half + round((near - half) / np.pi) * np.pi


def _factor(gram: Floats) -> tuple[Floats, bool]:
    """Return the Cholesky factor, unless two templates are one."""
    try:
        factor, lower = linalg.cho_factor(gram)
        share = np.diag(factor) ** 2 / np.diag(gram)
        independent = bool(share.min(initial=1.0) > DEPENDENT)
    except linalg.LinAlgError:
        independent = False
    if not independent:
        raise DecodingError(
            f"the {len(gram)} templates are not independent; two sites (or mirror "
            "images) are closer than the imaging resolves"
        )
    return factor, lower


def _error(projected: Floats, variance: Floats) -> Floats:
    """Return the probabilities (N,) of a wrong sign; 1/2 for a lost ensemble."""
    light = np.sum(projected**2 / variance) - len(projected)
    strength = np.sqrt(max(light, 0.0) / np.sum(1 / variance))
    size = np.abs(projected)
    wrong = special.expit(-2 * strength * size / variance)
    # The formula takes all for equally strong: a dim one it is sure of is a lost one.
    lost = (size < LOST * np.median(size)) & (wrong < UNDETERMINED)
    return np.where(lost, 0.5, wrong)


def _spins(projected: Floats, wrong: Floats) -> NDArray[np.int8]:
    return np.where(wrong < UNDETERMINED, np.sign(projected), 0).astype(np.int8)
