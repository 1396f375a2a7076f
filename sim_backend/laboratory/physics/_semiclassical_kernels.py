"""Compiled loop of the semiclassical dynamics (physics.md section 6b).

Axes: N sites, L light modes. Where all detunings agree the light is kept per site, u_i,
L = N and `readout` is empty; else per mode. Everything within a step is a polynomial in
tau = 0..1 or exact: see `semiclassical`.

No `fastmath` here, nor in `add_product`: with products and sums contracted, which costs
an eighth of the speed not to do, code that Numba has just compiled and what it later
loads from its cache differ in the last bit of the light, and a marginal spin with it.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numba
import numpy as np

from ._kernels import add_product
from .system import Floats

# Rows j of S_j G_ij (N, L) and g_li (L, N), or (0, N) for light per site.
Coupling: TypeAlias = tuple[Floats, Floats]
# Duration, power at both ends, source phi (2, L) there.
Interval: TypeAlias = tuple[float, Floats, Floats]
# chi (K, N), or (0, N) for none; where the interval starts in it, in rows; rows per s.
Noise: TypeAlias = tuple[Floats, float, float]

#: Terms of the exponential integrals below, enough for |z| <= 2.
_TERMS = 26


@numba.njit(cache=True)
def weights(z: complex, share: float) -> tuple[complex, complex, complex, complex]:
    """Return exp(z s) and what f(0), f(1/2), f(1) add, for s = `share` of a step.

    int_0^s exp(z (s - t)) f(t) dt of the parabola through the three.
    """
    a = z * share
    one = two = three = 0j
    term = 1 + 0j
    for k in range(_TERMS):
        one += term / (k + 1)
        two += term / ((k + 1) * (k + 2))
        three += term / ((k + 1) * (k + 2) * (k + 3))
        term = term * a / (k + 1)
    one, two, three = share * one, share**2 * two, share**3 * three
    start = one - 3 * two + 4 * three
    return np.exp(a), start, 4 * two - 8 * three, 4 * three - two


@numba.njit(cache=True)
def propagators(rates: Floats, step: float) -> tuple[Floats, Floats]:
    """Return the (8, L) coefficients of half a step and of a whole one.

    Rows: real and imaginary part of exp, of -i dt times the weights of f(0), f(1/2),
    f(1). rates: (2, L) -kappa and D.
    """
    half, whole = np.empty((8, rates.shape[1])), np.empty((8, rates.shape[1]))
    for mode in range(rates.shape[1]):
        z = complex(rates[0, mode], rates[1, mode]) * step
        for out, share in ((half, 0.5), (whole, 1.0)):
            decay, start, middle, end = weights(z, share)
            out[0, mode], out[1, mode] = decay.real, decay.imag
            for row, weight in ((2, start), (4, middle), (6, end)):
                value = -1j * step * weight
                out[row, mode], out[row + 1, mode] = value.real, value.imag
    return half, whole


@numba.njit(cache=True)
def add_products(matrix: Floats, x: Floats, y: Floats, gx: Floats, gy: Floats) -> None:
    """Add x @ matrix to gx and y @ matrix to gy in one pass over the matrix."""
    fours = x.size - x.size % 4
    for j in range(0, fours, 4):
        a, b, c, d = matrix[j], matrix[j + 1], matrix[j + 2], matrix[j + 3]
        p, q, r, s = x[j], x[j + 1], x[j + 2], x[j + 3]
        t, u, v, w = y[j], y[j + 1], y[j + 2], y[j + 3]
        for i in range(gx.size):
            gx[i] += p * a[i] + q * b[i] + r * c[i] + s * d[i]
            gy[i] += t * a[i] + u * b[i] + v * c[i] + w * d[i]
    for j in range(fours, x.size):
        for i in range(gx.size):
            gx[i] += x[j] * matrix[j, i]
            gy[i] += y[j] * matrix[j, i]


# NumPy's division: Python's check for zero would keep the loop scalar.
@numba.njit(cache=True, error_model="numpy")
def rotate(
    spins: Floats, first: Floats, middle: Floats, last: Floats, omega_z: float, h: float
) -> None:
    """Turn the spins (3, N) by the fourth-order Magnus rotation of B over one step.

    By tangent of half the angle, a quotient of polynomials in its square (relative
    error below 1e-8 up to half an angle of 1): lengths are kept to rounding.
    """
    sx, sy, sz = spins[0], spins[1], spins[2]
    tilt, nz = -omega_z * h * h / 24, omega_z * h / 2
    for i in range(sx.size):
        nx = h / 12 * (first[i] + 4 * middle[i] + last[i])
        ny = tilt * (last[i] - first[i])
        square = nx * nx + ny * ny + nz * nz
        numerator = 945 + square * (square - 105)
        denominator = 945 + square * (15 * square - 420)
        # S + 2/(1 + t^2) (t x S + t x (t x S)), t = n numerator / denominator.
        turn = 2 * numerator / (denominator**2 + square * numerator**2)
        once, twice = turn * denominator, turn * numerator
        cx = ny * sz[i] - nz * sy[i]
        cy = nz * sx[i] - nx * sz[i]
        cz = nx * sy[i] - ny * sx[i]
        sx[i] += once * cx + twice * (ny * cz - nz * cy)
        sy[i] += once * cy + twice * (nz * cx - nx * cz)
        sz[i] += once * cz + twice * (nx * cy - ny * cx)


@numba.njit(cache=True)
def feel(light: Floats, readout: Floats, gain: float, chi: Floats, out: Floats) -> None:
    """Write the field along x, 2 sqrt(q) Re u_i + chi_i, of gain = 2 sqrt(q)."""
    if readout.size:
        out[:] = 0.0
        add_product(readout, light, out)
    else:
        out[:] = light
    for i in range(out.size):
        out[i] = gain * out[i] + chi[i]


@numba.njit(cache=True)
def read_noise(noise: Noise, time: float, out: Floats) -> None:
    """Write chi (N,) between two rows; time from the start of the interval."""
    chi, origin, density = noise
    position = origin + time * density
    row = min(int(position), chi.shape[0] - 2)
    share = position - row
    for i in range(out.size):
        out[i] = (1 - share) * chi[row, i] + share * chi[row + 1, i]


@numba.njit(cache=True)
def drive_at(interval: Interval, share: float, source: Floats) -> float:
    """Write phi_i / sqrt(q) at a share of the interval; return sqrt(q).

    Without pump no field acts: zero there.
    """
    _, power, phi = interval
    root = math.sqrt(max((1 - share) * power[0] + share * power[1], 0.0))
    scale = 1 / root if root > 0 else 0.0
    before, after = scale * (1 - share), scale * share
    for i in range(source.size):
        source[i] = before * phi[0, i] + after * phi[1, i]
    return root


@numba.njit(cache=True)
def predict(
    light: Floats, sources: Floats, g: Floats, roots: Floats, half: Floats,
    whole: Floats, out: Floats,
) -> None:  # fmt: skip
    """Write Re u (2, L) at the middle and the end, g continued as a cubic."""
    first, middle, last = roots[0], roots[1], roots[2]
    for i in range(light.shape[1]):
        f0 = first * g[0, i] + sources[0, i]
        f1 = middle * (g[0, i] + 0.5 * (g[1, i] + 0.5 * (g[2, i] + 0.5 * g[3, i])))
        f2 = last * (g[0, i] + g[1, i] + g[2, i] + g[3, i]) + sources[2, i]
        f1 += sources[1, i]
        re, im = light[0, i], light[1, i]
        out[0, i] = (
            half[0, i] * re - half[1, i] * im
            + half[2, i] * f0 + half[4, i] * f1 + half[6, i] * f2
        )  # fmt: skip
        out[1, i] = (
            whole[0, i] * re - whole[1, i] * im
            + whole[2, i] * f0 + whole[4, i] * f1 + whole[6, i] * f2
        )  # fmt: skip


@numba.njit(cache=True)
def correct(
    light: Floats, sources: Floats, g: Floats, ends: Floats, roots: Floats,
    whole: Floats,
) -> None:  # fmt: skip
    """Advance the light (2, L) with g a cubic between both ends; g moves to the end.

    g: (4, L) coefficients in tau. ends: (2, L) value and slope at tau = 1.
    """
    first, middle, last = roots[0], roots[1], roots[2]
    for i in range(light.shape[1]):
        g0, s0, g1, s1 = g[0, i], g[1, i], ends[0, i], ends[1, i]
        f0 = first * g0 + sources[0, i]
        f1 = middle * (0.5 * (g0 + g1) + 0.125 * (s0 - s1)) + sources[1, i]
        f2 = last * g1 + sources[2, i]
        re, im = light[0, i], light[1, i]
        light[0, i] = (
            whole[0, i] * re - whole[1, i] * im
            + whole[2, i] * f0 + whole[4, i] * f1 + whole[6, i] * f2
        )  # fmt: skip
        light[1, i] = (
            whole[1, i] * re + whole[0, i] * im
            + whole[3, i] * f0 + whole[5, i] * f1 + whole[7, i] * f2
        )  # fmt: skip
        g[0, i], g[1, i] = g1, s1
        g[2, i] = 3 * (g0 - g1) + s0 + 2 * s1
        g[3, i] = 2 * (g0 - g1) + s0 + s1


@numba.njit(cache=True)
def begin(
    spins: Floats, field: Floats, rows: Floats, omega_z: float, h: float, g: Floats
) -> None:
    """Write g (4, L) from the state: value, slope, half the curvature, nothing."""
    turned = -omega_z * h * spins[1]
    bent = -omega_z * h * h / 2 * (omega_z * spins[0] - field * spins[2])
    g[:] = 0.0
    add_products(rows, spins[0], turned, g[0], g[1])
    add_product(rows, bent, g[2])


@numba.njit(cache=True)
def advance(
    spins: Floats,
    light: Floats,
    interval: Interval,
    noise: Noise,
    coupling: Coupling,
    rates: Floats,
    omega_z: float,
    steps: int,
) -> None:
    """Advance spins (3, N) and light (2, L) in place over one interval."""
    rows, readout = coupling
    n, modes = spins.shape[1], light.shape[1]
    h, noisy = interval[0] / steps, noise[0].size > 0
    half, whole = propagators(rates, h)
    fields, chi = np.empty((3, n)), np.zeros((3, n))
    sources, roots = np.empty((3, modes)), np.empty(3)
    ahead, ends = np.empty((2, modes)), np.empty((2, modes))
    g, turned = np.empty((4, modes)), np.empty(n)
    roots[2] = drive_at(interval, 0.0, sources[2])
    if noisy:
        read_noise(noise, 0.0, chi[2])
    feel(light[0], readout, 2 * roots[2], chi[2], fields[2])
    begin(spins, fields[2], rows, omega_z, h, g)
    for step in range(steps):
        fields[0], roots[0] = fields[2], roots[2]
        sources[0] = sources[2]
        for node, passed in ((1, step + 0.5), (2, step + 1.0)):
            roots[node] = drive_at(interval, passed / steps, sources[node])
            if noisy:
                read_noise(noise, passed * h, chi[node])
        predict(light, sources, g, roots, half, whole, ahead)
        feel(ahead[0], readout, 2 * roots[1], chi[1], fields[1])
        feel(ahead[1], readout, 2 * roots[2], chi[2], fields[2])
        rotate(spins, fields[0], fields[1], fields[2], omega_z, h)
        for i in range(n):
            turned[i] = -omega_z * h * spins[1, i]
        ends[:] = 0.0
        add_products(rows, spins[0], turned, ends[0], ends[1])
        correct(light, sources, g, ends, roots, whole)
        feel(light[0], readout, 2 * roots[2], chi[2], fields[2])
