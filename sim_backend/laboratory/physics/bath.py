"""Ohmic noise as waveforms chi_i(t) that go on from one piece of a drive to the next.

Of spectrum J(w) = 2 pi alpha |w| exp(-|w|/cutoff), so that C(tau) is that of Eq. D6,
corrected (physics.md section 3). Gaussian blocks, each under half a period of a sine,
overlap by half: the variance is the same everywhere, and the correlation at a lag tau
that of the spectrum times cos(pi tau / block), blocks being 250 correlation times long.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft

from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.units import TWO_PI

from .system import OhmicNoise

Floats = NDArray[np.float64]

#: Rows of noise per correlation time 1/cutoff, and in half a block.
_ROWS, _HALF = 16, 2048


@dataclass(frozen=True)
class Bath:
    """The noise of N sites that is still to come, as far as it is drawn.

    rows: (K, N) chi_i in rad/s, `density` of them per s. position: of the present, in
    rows. tail: (H, N), what of the last block the next one is added to. Time passes
    only where the noise is on.
    """

    ohmic: OhmicNoise
    density: float
    rows: Floats
    position: float
    tail: Floats

    @classmethod
    def begin(cls, ohmic: OhmicNoise, sites: int, rng: np.random.Generator) -> Self:
        """Draw the first block.

        Raises
        ------
        ParameterError
            Quantum noise, which is no classical waveform.
        """
        if ohmic.quantum:
            raise ParameterError(
                "the semiclassical dynamics take classical noise (quantum=False): a "
                f"quantum bath is no waveform; got {ohmic}"
            )
        density = _ROWS * ohmic.cutoff
        block = _block(ohmic, density, sites, rng)
        return cls(ohmic, density, np.empty((0, sites)), 0.0, block[_HALF:])

    def reaching(self, duration: float, rng: np.random.Generator) -> Self:
        """Return the same noise, drawn for at least `duration` s from now."""
        wanted = int(self.position + duration * self.density) + 2
        rows, tail = [self.rows], self.tail
        for _ in range(-(-(wanted - len(self.rows)) // _HALF)):
            block = _block(self.ohmic, self.density, tail.shape[1], rng)
            rows.append(tail + block[:_HALF])
            tail = block[_HALF:]
        return replace(self, rows=np.concatenate(rows), tail=tail)

    def after(self, duration: float) -> Self:
        """Return what is left of it after `duration` s."""
        position = self.position + duration * self.density
        passed = int(position)
        return replace(self, rows=self.rows[passed:], position=position - passed)


def _block(
    ohmic: OhmicNoise, density: float, sites: int, rng: np.random.Generator
) -> Floats:
    """Draw one block (2 H, N) in rad/s."""
    count = 2 * _HALF
    spacing = TWO_PI * density / count
    w = spacing * np.arange(_HALF + 1)
    size = np.sqrt(2 * ohmic.alpha * w * np.exp(-w / ohmic.cutoff) * spacing)
    parts = rng.standard_normal((2, len(w), sites)) * size[:, None]
    periodic = irfft(parts[0] - 1j * parts[1], count, axis=0) * _HALF
    share = (np.arange(count) + 0.5) / count
    block: Floats = periodic * np.sin(np.pi * share)[:, None]
    return block
