"""Classical spins and light against the full Lindblad equation, in units of |Delta_C|.

What differs at finite S: the spin's quantum spread is drawn for the start (x, y from
N(0, 1)/sqrt(M)), but the light's vacuum fluctuations are not, which lets the quantum
spin diffuse between the minima.
"""

import numpy as np
import pytest

from ccqed_ctrl.params import Cavity
from sim_backend.laboratory.physics import semiclassical
from sim_backend.laboratory.physics.system import SpinSystem

qutip = pytest.importorskip("qutip")  # an ARTIQ environment may lack the test extra

UNIT = 1e7
KAPPA, WZ = 0.2, 0.1
COPIES, RUNS = 100, 20


def lindblad(g, S, times, field, samples, photons, trajectories=0):
    """Return <Sx_i>/S_i (K, N): g (N, L) couplings, piecewise-linear drive."""
    n, L = g.shape
    sizes = [round(2 * s + 1) for s in S] + [photons] * L

    def local(operator, place):
        parts = [qutip.qeye(size) for size in sizes]
        parts[place] = operator
        return qutip.tensor(parts)

    Sx = [local(qutip.jmat(s, "x"), i) for i, s in enumerate(S)]
    a = [local(qutip.destroy(photons), n + m) for m in range(L)]
    still = sum(x.dag() * x for x in a)
    still += WZ * sum(local(qutip.jmat(s, "z"), i) for i, s in enumerate(S))
    coupled = sum(
        g[i, m] * Sx[i] * (a[m] + a[m].dag()) for i in range(n) for m in range(L)
    )
    # The drive's own light is a displacement beta_m, which acts as a field on the
    # spins: exact, and leaves few photons to count. h_i = 2 sum_m g_im phi_m/(1+k^2).
    phi = np.linalg.pinv(g) @ np.transpose(field) * (1 + KAPPA**2) / 2
    fine = np.linspace(times[0], times[-1], round(times[-1] / 0.05) + 1)
    beta = np.zeros((L, len(fine)), complex)
    decay = np.exp((-1j - KAPPA) * np.diff(fine)[0])
    for m in range(L):
        settled = np.interp(fine, times, phi[m]) / (-1 + 1j * KAPPA)
        for k in range(1, len(fine)):
            target = (settled[k] + settled[k - 1]) / 2
            beta[m, k] = target + decay * (beta[m, k - 1] - target)
    field_of = 2 * g @ beta.real
    terms = [qutip.QobjEvo(still + coupled)]
    terms += [qutip.QobjEvo([x, field_of[i]], tlist=fine) for i, x in enumerate(Sx)]
    down = [qutip.basis(size, size - 1) for size in sizes[:n]]
    start = qutip.tensor(*down, *[qutip.basis(photons, 0)] * L)
    H, losses = sum(terms[1:], terms[0]), [np.sqrt(2 * KAPPA) * x for x in a]
    options = {"atol": 1e-7, "rtol": 1e-5, "max_step": 2.0, "nsteps": 100000}
    if trajectories:
        options |= {"progress_bar": "", "method": "vern7"}  # Adams takes twice as long
        found = qutip.mcsolve(
            H, start, samples, losses, e_ops=Sx, ntraj=trajectories, seeds=1,
            options=options,
        )  # fmt: skip
    else:
        found = qutip.mesolve(H, start, samples, losses, e_ops=Sx, options=options)
    return np.transpose(found.expect) / S


def classical(g, S, times, field, samples):
    """Return the mean x_i (K, N) over copies of the network, drawn at the start."""
    n = len(S)
    copies = COPIES // n
    system = SpinSystem(
        np.kron(np.eye(copies), g @ g.T / (1 + KAPPA**2)) * UNIT,
        np.tile(S, copies),
        Cavity(kappa=KAPPA * UNIT, pump_detuning=-UNIT),
        WZ * UNIT,
    )
    drive = semiclassical.Waveform(
        np.array(times) / UNIT, np.ones(len(times)), np.tile(field, copies) * UNIT
    )
    rng, total = np.random.default_rng(0), 0.0
    for _ in range(RUNS):
        start = semiclassical.normal_state(system.spins, rng)
        x = semiclassical.evolve(
            system, drive, start, sample_times=np.array(samples) / UNIT, rng=rng
        ).magnetization
        total = total + x.reshape(-1, copies, n).mean(1)
    return total / RUNS


def one(S, power):
    """One ensemble on one mode, M J_ii = power omega_z."""
    return np.array([[np.sqrt(power * WZ / (2 * S) * (1 + KAPPA**2))]])


def switched(first, second, off):
    """A field loads, then is switched over in `off`: breakpoints, h, instants after."""
    end = 80 + off
    times = [0, 60, 80, end, end + 50]
    field = np.array([0, first, first, second, second])[:, None]
    return times, field, [0, 60, 80, end, end + 5, end + 10, end + 20, end + 50]


@pytest.mark.parametrize("off", [0.05, 100.0])
@pytest.mark.parametrize(
    ("S", "difference"), [(2, 0.18), pytest.param(6, 0.06, marks=pytest.mark.slow)]
)
def test_switches_of_the_field(S, difference, off):
    """Sudden: the spin stays where it was, where the dressed model goes to -0.95."""
    times, field, samples = switched(0.5, -0.4, off)
    g = one(S, 1.5)
    quantum = lindblad(g, [S], times, field, samples, 6 if S < 4 else 8)
    found = classical(g, [S], times, field, samples)
    np.testing.assert_allclose(found, quantum, atol=difference)
    assert np.all((found[3:] < -0.2) if off > 1 else (found[3:] > 0.3))


@pytest.mark.parametrize("S", [2, 4, pytest.param(6, marks=pytest.mark.slow)])
def test_a_sweep_through_the_spinodal(S):
    """The falling spin keeps its energy, where the dressed model goes to -0.83.

    Beyond the spinodal finite S shows: the quantum spin is spread over both minima by
    the light's vacuum, and reaches -0.26, -0.37, -0.43 for S = 2, 4, 6 against -0.67.
    """
    times, field, _ = switched(0.15, -0.1, 200.0)
    samples = [0, 60, 80, 180, 280, 330]
    g = one(S, 2.0)
    quantum = lindblad(g, [S], times, field, samples, 8)[:, 0]
    found = classical(g, [S], times, field, samples)[:, 0]
    np.testing.assert_allclose(found[:4], quantum[:4], atol=0.4 / np.sqrt(S))
    assert -0.8 < found[-1] < quantum[-1] < -0.2
    assert found[-1] == pytest.approx(quantum[-1], abs=0.7 / np.sqrt(S))


#: What 40 quantum trajectories of the next test give, in 40 s: (9, 2).
FORTY = [
    [0.0, 0.0], [0.614, -0.644], [0.584, -0.619], [0.589, -0.592], [0.53, -0.595],
    [0.05, -0.593], [0.203, -0.599], [0.141, -0.589], [0.135, -0.551],
]  # fmt: skip


@pytest.mark.slow
def test_two_ensembles_on_two_modes():
    """Opposite fields, then one is turned over; the first 6 of 40 trajectories."""
    G = np.array([[1.5, 0.5], [0.5, 1.5]]) * WZ / 8 * (1 + KAPPA**2)
    eigenvalues, vectors = np.linalg.eigh(G)
    g = vectors * np.sqrt(eigenvalues)
    times, field = [0, 60, 80, 110, 160], np.outer([0, 1, 1, -1, -1], [0.5, 0])
    field[:, 1] = [0, -0.4, -0.4, -0.4, -0.4]
    field[3:, 0] = -0.4
    samples = [0, 40, 60, 80, 95, 110, 115, 130, 160]
    quantum = lindblad(g, [4, 4], times, field, samples, 6, trajectories=6)
    np.testing.assert_allclose(quantum, FORTY, atol=0.17)
    found = classical(g, [4, 4], times, field, samples)
    np.testing.assert_allclose(found, FORTY, atol=0.12)
    assert FORTY[3][0] > 0.5 and FORTY[-1][0] < 0.3
