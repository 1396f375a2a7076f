"""Flip rates against the full master equation of spins and cavity (QuTiP).

The Liouvillian of Eqs. 10, 11 has one slow eigenvector per spin configuration when
omega_z is small. On their span the populations obey a Markov generator, read off
exactly; no rate equation enters. Units of |Delta_C|.
"""

import functools

import numpy as np
import pytest
import scipy.sparse.linalg

from ccqed_ctrl.params import Cavity
from sim_backend.laboratory.physics.rates import flip_kernel

qutip = pytest.importorskip("qutip")  # an ARTIQ environment may lack the test extra

UNIT = 1e6  # rad/s per |Delta_C|
OMEGA_Z = 1e-3
PHOTONS = 7  # amplitudes stay below 0.4


def measured(spins, couplings, field, kappa, dephasing):
    """Return states (K, n) and the generator (K, K) from the master equation."""
    sizes = [int(2 * S + 1) for S in spins]
    identities = [qutip.qeye(size) for size in [*sizes, PHOTONS]]

    def embed(operator, place):
        return qutip.tensor(*(identities[:place]), operator, *(identities[place + 1 :]))

    a = embed(qutip.destroy(PHOTONS), len(spins))
    # Sx diagonal: rotate the axes so that x is QuTiP's z.
    Sx = [embed(qutip.jmat(S, "z"), i) for i, S in enumerate(spins)]
    Sz = [embed(qutip.jmat(S, "x"), i) for i, S in enumerate(spins)]
    H = a.dag() * a
    for g, h, x, z in zip(couplings, field, Sx, Sz, strict=True):
        H = H + g * x * (a + a.dag()) - h * x + OMEGA_Z * z
    collapse = [np.sqrt(2 * kappa) * a]
    if dephasing:  # C(tau) = dephasing * tau for Delta s = 1
        collapse.append(np.sqrt(2 * dephasing) * sum(Sx))
    L = qutip.liouvillian(H, collapse).data_as("csr_matrix").tocsc()
    count = int(np.prod(sizes))
    _, slow = scipy.sparse.linalg.eigs(L, k=count, sigma=1e-2)
    dimension = count * PHOTONS
    diagonal = np.arange(dimension) * (dimension + 1)
    pick = np.zeros((count, dimension**2))
    for state in range(count):
        inside = slice(state * PHOTONS, (state + 1) * PHOTONS)
        pick[state, diagonal[inside]] = 1
    populations = pick @ slow
    rates = (pick @ (L @ slow) @ np.linalg.inv(populations)).real
    axes = [S - np.arange(size) for S, size in zip(spins, sizes, strict=True)]
    states = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(count, -1)
    return states, rates


def steps(spins, couplings, field, kappa):
    """Yield (from, to, ensemble, bracket, de) of all single-spin steps."""
    g = np.array(couplings)
    J = np.outer(g, g) / (1 + kappa**2)
    axes = [S - np.arange(int(2 * S + 1)) for S in spins]
    states = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(spins))
    for k, s in enumerate(states):
        for other, target in enumerate(states):
            change = target - s
            if np.sum(np.abs(change)) != 1:
                continue
            i = int(np.argmax(np.abs(change)))
            S, step = spins[i], change[i]
            energy = -J[i, i] - step * (2 * J[i] @ s + field[i])
            yield k, other, i, S * (S + 1) - s[i] * (s[i] + step), energy


def compare(spins, couplings, field, kappa, dephasing, model):
    """Return de and measured over predicted rate for every step."""
    cavity = Cavity(kappa=kappa * UNIT, pump_detuning=-UNIT)
    _, rates = measured(spins, couplings, field, kappa, dephasing)
    noise = (lambda tau: dephasing * UNIT * tau) if dephasing else None
    found = []
    for k, other, i, bracket, energy in steps(spins, couplings, field, kappa):
        self_coupling = couplings[i] ** 2 / (1 + kappa**2)
        predicted = bracket * flip_kernel(
            energy * UNIT,
            self_coupling * UNIT,
            cavity,
            omega_z=OMEGA_Z * UNIT,
            noise=noise,
            model=model,
        )
        found.append((energy, rates[other, k] * UNIT / predicted))
    return np.array(found).T


BIASES = (-2.3, -1.6, -1.2, -1.0, -0.75, -0.5, -0.3, 0.45, 0.8, 1.5)


@functools.cache
def spin_half(dephasing, model, coupling):
    """One spin-1/2: the step down in energy at every bias."""
    pairs = []
    for bias in BIASES:
        energies, ratios = compare([0.5], [coupling], [bias], 0.1, dephasing, model)
        pairs += list(zip(energies, ratios, strict=True))
    return np.array(pairs).T


@pytest.mark.parametrize("dephasing", [0.0, 0.02, 0.2])
def test_spin_half_integral(dephasing):
    """Strong coupling, Lam = 0.09: multi-photon sidebands count."""
    _, ratios = spin_half(dephasing, "integral", 0.3)
    np.testing.assert_allclose(ratios, 1, atol=1e-3)


@pytest.mark.parametrize("dephasing", [0.0, 0.02, 0.2])
def test_spin_half_first_order(dephasing):
    """Lam = 1e-5: first order is enough even by the two-photon peak at -2."""
    energies, ratios = spin_half(dephasing, "exact", 0.003)
    assert np.any(np.abs(energies + 1) < 1e-3)  # the peak
    np.testing.assert_allclose(ratios, 1, atol=1e-3)


def test_printed_fails_in_the_wings_by_the_mixing_factor():
    energies, ratios = spin_half(0.0, "printed", 0.003)
    np.testing.assert_allclose(ratios, 4 * 1.01 / energies**2, rtol=1.5e-3)
    assert np.max(np.abs(ratios - 1)) > 10
    # No single prefactor repairs it.
    assert np.max(ratios) / np.min(ratios) > 50


@pytest.mark.parametrize("field", [-1.6, -1.0, -0.7, -0.45, 0.4, 0.6, 0.9, 1.3])
def test_collective_spin_one(field):
    """[S(S+1) - s(s+-1)] and the self term -J_ii (1 +- 2s), Lam = 0.04."""
    _, ratios = compare([1.0], [0.2], [field], 0.1, 0.05, "integral")
    assert len(ratios) == 4
    np.testing.assert_allclose(ratios, 1, atol=1e-3)


@pytest.mark.parametrize("shift", [-0.9, -0.4, 0.0, 0.5])
def test_two_coupled_ensembles(shift):
    """Two unequal spins 1/2: the coupling term 2 J_12 s_2."""
    field = [1.0 + shift, -0.6 + shift / 3]
    _, ratios = compare([0.5, 0.5], [0.25, 0.15], field, 0.1, 0.05, "integral")
    assert len(ratios) == 8
    np.testing.assert_allclose(ratios, 1, atol=1e-3)
