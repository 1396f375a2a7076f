"""From the field to spins: least squares on the ideal emission kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, special

from ccqed_ctrl import checks
from ccqed_ctrl.errors import DecodingError
from ccqed_ctrl.model.emission import emission_factors
from ccqed_ctrl.model.imaging import pixel_axis
from ccqed_ctrl.params import Cavity, Cloud, Imaging

from .demodulation import Band, Field, field_band

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
    the ensembles do not explain, above the expected noise. saturated: clipped pixels.
    """

    amplitudes: Complex
    spins: NDArray[np.int8]
    error_probability: Floats
    phase: float
    residual_fraction: float
    saturated: int


@dataclass(frozen=True)
class Decoder:
    """Templates of one layout, ready for many frames.

    band: Fourier band of the field. templates: (K, N) real, the components of A_j in
    it: A_j is even about the cavity axis, so they are real relative to it.
    centre: (K,) unit phases that refer components to the axis. gram: (N, N), A^T A,
    the normal equations of a frame without clipped pixels. expected_phase: rad, of a
    spin +1 against the reference: it settles the global sign, and says by what
    (`sign_reference`).
    """

    band: Band
    templates: Floats
    centre: Complex
    gram: Floats
    expected_phase: float
    sign_reference: str = "local_oscillator_phase"

    @classmethod
    def of_layout(
        cls, positions: ArrayLike, cavity: Cavity, cloud: Cloud, imaging: Imaging
    ) -> Decoder:
        """Prepare the templates for ensembles at positions (N, 2) in m."""
        sites = checks.array("positions", positions, ("N", 2))
        band = field_band(cloud.size, imaging)
        axis = pixel_axis(imaging)
        along, down = (
            band.lines(emission_factors(axis, places, cavity.waist, cloud.size))
            for places in sites.T
        )
        centre = _centre(band)
        templates = np.empty((centre.size, len(sites)))
        for site, column in enumerate(templates.T):
            spectrum = down[..., site].T @ along[..., site] * band.weights
            column[:] = (spectrum.ravel() * centre).real
        propagation = 1 / (cavity.pump_detuning + 1j * cavity.kappa)
        phase = float(np.angle(propagation)) + imaging.phase
        return cls(band, templates, centre, templates.T @ templates, phase)

    def decode(self, field: Field) -> Readout:
        """Fit c = (A^T W A)^-1 A^T W E and read the sign of each ensemble.

        W is 1 on valid pixels (the reference is flat, so is the noise) and 0 on
        clipped ones. The common phase is 1/2 arg sum c^2/sigma^2, known modulo pi; the
        branch nearest `expected_phase` fixes the global sign. Of a projection x, noise
        sigma and the common strength a of the ensembles, the sign is wrong with
        probability 1 / (1 + exp(2 a |x| / sigma^2)).

        Raises
        ------
        ShapeError
            The field does not match the templates.
        DecodingError
            Sites so close that they cannot be told apart.
        """
        shape, count = self.band.mask.shape, self.templates.shape[1]
        valid = checks.array("field", field.valid, shape, np.bool_)
        gram, projections, total = self._normal(field)
        factor = _factor(gram)
        amplitudes = linalg.cho_solve(factor, projections)
        variance = np.diag(linalg.cho_solve(factor, np.eye(count))) * field.noise
        phase = self._phase(amplitudes / np.sqrt(variance))
        projected = (amplitudes * np.exp(-1j * phase)).real
        explained = float(np.vdot(amplitudes, projections).real)
        # Without light, chi squared of 2 N degrees of freedom.
        dark = explained < (2 * count + DARK * 2 * np.sqrt(count)) * field.noise
        wrong = np.full(count, 0.5) if dark else _error(projected, variance)
        return Readout(
            amplitudes=amplitudes,
            spins=_spins(projected, wrong),
            error_probability=wrong,
            phase=phase,
            residual_fraction=1.0 if dark else self._residual(total, explained, field),
            saturated=int(np.count_nonzero(~valid)),
        )

    def _phase(self, scaled: Complex) -> float:
        half = 0.5 * float(np.angle(np.sum(scaled**2)))
        turns = round((self.expected_phase - half) / np.pi)
        return half + turns * np.pi

    def _normal(self, field: Field) -> tuple[Floats, Complex, float]:
        """Return A^T W A, A^T W E and the light E^T W E.

        Field and templates lie in the band, so that sums over pixels are sums over its
        few components. Only clipped pixels need the templates as images.
        """
        if field.valid.all():
            gram, data = self.gram, field.spectrum
            total = float(np.sum(np.abs(data) ** 2))
        else:
            gram = self._weighted_gram(field.valid)
            values = field.values * field.valid
            total = float(np.sum(np.abs(values) ** 2))
            data = self.band.components(values)
        centred = data.ravel() * self.centre
        both = np.stack([centred.real, centred.imag], axis=1)
        real, imaginary = (self.templates.T @ both).T
        return gram, real + 1j * imaginary, total

    def _weighted_gram(self, valid: NDArray[np.bool_]) -> Floats:
        count = len(self.band.orders)
        gram = np.empty_like(self.gram)
        for site, template in enumerate(self.templates.T):
            spectrum = (template * self.centre.conj()).reshape(count, count)
            seen = self.band.components(self.band.image(spectrum) * valid)
            gram[site] = (seen.ravel() * self.centre).real @ self.templates
        return gram

    def _residual(self, total: float, explained: float, field: Field) -> float:
        """Return the fraction of the light that the ensembles do not explain."""
        # White noise of both quadratures, of which the band lets its share through.
        valid = np.count_nonzero(field.valid)
        expected = 2 * field.noise * valid * self.band.share
        unexplained = total - explained - expected
        signal = total - expected
        return float(np.clip(unexplained / signal, 0.0, 1.0)) if signal > 0 else 1.0


def _centre(band: Band) -> Complex:
    """Return the phases (K,) that refer components to the middle of the frame."""
    pixels = len(band.mask)
    turn = np.exp(1j * np.pi * band.orders * (pixels - 1) / pixels)
    return np.outer(turn, turn).ravel()


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
