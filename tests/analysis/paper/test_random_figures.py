"""Figs. 4, 6, 9 and 17 at small sizes: closed forms, random matrices, known orders."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis.campaign import Study, run
from analysis.paper import fates, fig04, fig06, fig09, fig17, time_traces
from analysis.paper.figure import PaperFigure
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.model.couplings import coupling_cumulative, probability_negative
from ccqed_ctrl.params import Cavity
from sim_backend.laboratory.physics.system import SpinSystem


def tables(figure: PaperFigure, folder, seeds, **grid):
    """Run a figure's studies with fewer seeds and other grids."""
    found = {}
    for study in figure.studies("quick"):
        small = dict(study.grid) | {k: v for k, v in grid.items() if k in study.grid}
        few = Study(study.name, study.function, small, seeds, paired=study.paired)
        found[study.name] = run(few, folder / "store", stop_at_error=True)
    return found


def check_drawn(figure, found):
    sheet = Figure(figsize=figure.size, layout="constrained")
    figure.draw(found, sheet)
    sheet.canvas.draw()
    claims = figure.claims(found)
    assert len(claims) >= 3
    return {claim.quantity: claim for claim in claims}


def test_coupling_histogram_follows_the_closed_cumulative():
    rng = np.random.default_rng(1)
    runs = [fig04.couplings({"width": 1.0, "ensembles": 60}, rng) for _ in range(100)]
    counts = np.sum([r["histogram"] for r in runs], axis=0)
    exact = np.diff(coupling_cumulative(fig04.EDGES, 1.0, 1.0))
    # 177,000 pairs, but only 100 layouts of 60 positions are independent.
    np.testing.assert_allclose(counts / counts.sum(), exact, atol=6e-3)
    assert np.mean([r["negative"] for r in runs]) == pytest.approx(
        probability_negative(1.0, 1.0), abs=0.01
    )
    assert np.mean([r["product"] for r in runs]) == pytest.approx(1 / 9, abs=0.015)


def test_triples_and_products_are_those_counted_by_hand():
    rng, again = np.random.default_rng(2), np.random.default_rng(2)
    found = fig04.couplings({"width": 1.2, "ensembles": 6}, rng)
    r = 1.2 * again.standard_normal((6, 2))
    J = np.cos(2 * r @ r.T)
    ordered = [
        (i, j, k)
        for i in range(6)
        for j in range(6)
        for k in range(6)
        if len({i, j, k}) == 3
    ]
    frustrated = np.mean([J[i, j] * J[j, k] * J[k, i] < 0 for i, j, k in ordered])
    product = np.mean([J[i, j] * J[j, k] for i, j, k in ordered])
    assert found["frustrated"] == pytest.approx(frustrated)
    assert found["product"] == pytest.approx(product)


def test_figure_4_draws_and_agrees(tmp_path):
    found = tables(fig04.FIGURE, tmp_path, 12, width=[0.25, 0.5, 1.0, 4.0])
    claims = check_drawn(fig04.FIGURE, found)
    assert claims["P(J < 0) at w = w0"].verdict == "agrees"


def test_a_random_symmetric_matrix_has_the_semicircle_and_the_surmise():
    """The SK model: N = 300 twenty times; a uniform spectrum is far from either."""
    rng = np.random.default_rng(3)
    runs = [fig06.reference({"ensembles": 300}, rng) for _ in range(20)]
    counts = np.sum([r["eigenvalues"] for r in runs], axis=0)
    assert fig06.hellinger(counts, 6000.0) < 0.04
    spacings = np.sum([r["spacings"] for r in runs], axis=0, keepdims=True)
    assert fig06._surmised(spacings) < 0.03
    flat = fig06.histograms(np.diag(np.linspace(-1, 1, 300)))
    assert fig06.hellinger(flat["eigenvalues"], 300.0) > 0.1
    assert fig06._surmised(flat["spacings"][None, :]) > 0.5


def test_hellinger_distance_of_known_distributions():
    exact = fig06.semicircle(np.linspace(-2, 2, 7))
    assert exact[3] == pytest.approx(1 / np.pi)
    outside = np.zeros(64)
    outside[0] = 10
    assert fig06.hellinger(outside, 10.0) == 1
    everywhere = np.diff(0.5 + fig06.EIGENVALUE_EDGES / 8)
    # Of a uniform density 1/8 on [-4, 4]: by quadrature of sqrt(semicircle / 8).
    x = np.linspace(-2, 2, 200001)
    common = np.trapezoid(np.sqrt(fig06.semicircle(x) / 8), x)
    assert fig06.hellinger(everywhere, 1.0) == pytest.approx(
        np.sqrt(1 - common), abs=1e-3
    )


def test_mismatch_finds_the_power_that_collapses():
    sizes, widths = np.array([100.0, 400.0, 1600.0]), np.geomspace(1, 20, 30)
    curves = np.exp(-widths * sizes[:, None] ** -0.25)
    spread = {p: fig06.mismatch(sizes, widths, curves, p) for p in fig06.POWERS}
    assert spread[-4] < 1e-3
    assert min(spread[-3], spread[-5]) > 10 * spread[-4]


def test_figure_6_draws(tmp_path):
    found = tables(
        fig06.FIGURE, tmp_path, 3, ensembles=[60, 120], width=[2.0, 3.0, 12.0]
    )
    # The shown panel takes one size.
    shown = next(s for s in fig06.FIGURE.studies("quick") if s.name == "fig06.shown")
    one = Study(shown.name, shown.function, dict(shown.grid) | {"ensembles": [120]}, 3)
    found["fig06.shown"] = run(one, tmp_path / "store")
    check_drawn(fig06.FIGURE, found)


def three_ensembles():
    """J_01 = J_02 = 1, J_12 = 0.5: all up is the minimum; gains are known by hand."""
    J = np.array([[0.1, 1.0, 1.0], [1.0, 0.1, 0.5], [1.0, 0.5, 0.1]])
    return SpinSystem(J, np.full(3, 10.0), Cavity(), 1e6)


def test_greedy_counts_the_flips_that_gain_most():
    system, start = three_ensembles(), np.array([1.0, -1.0, 1.0])
    # Ensemble 1 gains 1.5; ensemble 2 gains 0.5 - 1 < 0: no choice.
    assert time_traces.greedy(system, start, np.array([1])).tolist() == [0, 0]
    start = np.array([-1.0, 1.0, 1.0])
    # 0 gains 2, 1 and 2 gain 0.5 each: three open flips, then none.
    assert time_traces.greedy(system, start, np.array([0])).tolist() == [1, 1]
    # Having flipped 1, both others stand against their field: 0 does not gain.
    assert time_traces.greedy(system, start, np.array([1, 2])).tolist()[0] == 0


def test_energy_and_gains_of_three_ensembles():
    system = three_ensembles()
    detuning = abs(system.cavity.pump_detuning)
    up = np.ones(3)
    total = time_traces.energy(system, up[None, :])[0]
    assert total == pytest.approx(-10 * (0.3 + 5) / detuning)
    assert time_traces.gains(system, up)[0] == pytest.approx(-20 * 2.1 / detuning)


def test_the_start_is_a_minimum_with_some_ensembles_against_their_field():
    rng = np.random.default_rng(4)
    system, minimum, start, tau = time_traces.prepare(100, 1000, 4, 1.5, rng)
    J = system.couplings
    assert np.all(minimum * (J @ minimum) > 0)
    assert np.count_nonzero(start != minimum) == 4
    assert np.all((start * (J @ start) < 0) == (start != minimum))
    # The pump makes the largest |de| that could be the detuning, M J_0 (N + beta).
    beta = 10.0
    largest = 1000 * J[0, 0] / beta * (100 + beta)
    assert largest == pytest.approx(abs(system.cavity.pump_detuning), rel=0.1)
    assert tau == pytest.approx(0.0573e-3, rel=0.01)


def test_too_few_ensembles_are_held_by_their_self_term():
    with pytest.raises(ParameterError, match="self term"):
        time_traces.prepare(6, 1000, 4, 1.5, np.random.default_rng(5))


@pytest.mark.parametrize("figure", [fig09.FIGURE, fig17.FIGURE], ids=lambda f: f.name)
def test_time_traces_draw_and_order_flips_as_the_rates_say(figure, tmp_path):
    found = tables(figure, tmp_path, 4, atoms=[1000])
    claims = check_drawn(figure, found)
    words = "flips that remove the most energy available, "
    assert claims[words + "printed"].ours > 0.8
    assert claims[words + "exact"].ours < 0.6
    table = found[f"{figure.name}.relaxation"]
    # Both rate models see the same start.
    gains = [table.column("gains", kernel=model) for model in ("exact", "printed")]
    np.testing.assert_array_equal(*gains)
    assert np.all(gains[0] > 0)


def test_descents_end_where_no_ensemble_gains():
    system = time_traces.prepare(60, 1000, 1, 1.5, np.random.default_rng(6))[0]
    start = np.random.default_rng(7).choice([-1.0, 1.0], 60)
    for rng in (None, np.random.default_rng(8)):
        end = fates.descend(system, start, rng)
        assert np.all(time_traces.gains(system, end) <= 0)
    # By hand: ensemble 0 gains 2 - 0.1 against 0.5 of the others, and then all agree.
    up = fates.descend(three_ensembles(), np.array([-1.0, 1.0, 1.0]))
    assert up.tolist() == [1, 1, 1]
