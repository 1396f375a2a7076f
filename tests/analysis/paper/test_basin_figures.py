"""Figs. 5 and 10 to 14 at tiny sizes: known basins, known fits, known extremes."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis.campaign import Study, run
from analysis.paper import (
    basin_studies,
    fig05,
    fig10,
    fig11,
    fig12,
    fig13,
    fig14,
    rule_studies,
    storage_studies,
)
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.model import relaxation
from ccqed_ctrl.model.couplings import confocal_couplings

#: Grids that keep what the figures' claims refer to.
SMALL = {
    "fig05": {"ensembles": [8, 12], "width": [0.4, 0.5, 0.65, 0.8], "states": [50]},
    "fig10": {
        "ensembles": [20, 40],
        "trials": [4],
        "probes": [2],
        "resolution": [0.045],
    },  # fmt: skip
    "fig11": {"ensembles": [8, 16], "minima": [3]},
    "fig12": {"width": [0.8, 1.5, 4.0], "minima": [2]},
    "fig13": {
        "ensembles": [60],
        "probes": [2],
        "resolution": [0.045],
        "held_out": [0],
    },
    "fig14": {"ensembles": [10], "minima": [3]},
}


@pytest.mark.parametrize(
    "figure",
    [f.FIGURE for f in (fig05, fig10, fig11, fig12, fig13, fig14)],
    ids=lambda f: f.name,
)
def test_a_figure_is_drawn_and_its_claims_are_made(figure, tmp_path, few_examples):
    if figure.name == "fig13":
        pytest.importorskip("sklearn")
    tables = {}
    for study in figure.studies("quick"):
        small = SMALL[figure.name]
        grid = {key: small.get(key, values) for key, values in study.grid.items()}
        few = Study(study.name, study.function, grid, 2, paired=study.paired)
        tables[study.name] = run(few, tmp_path / "store", stop_at_error=True)
    sheet = Figure(figsize=figure.size, layout="constrained")
    figure.draw(tables, sheet)
    sheet.canvas.draw()
    assert len(figure.claims(tables)) >= 2


@pytest.mark.parametrize("figure", [fig05, fig10, fig11, fig12, fig13, fig14])
def test_scales_grow(figure):
    counts = [
        sum(np.prod(study.shape) for study in figure.FIGURE.studies(scale))
        for scale in ("quick", "paper", "beyond")
    ]
    assert counts[0] < counts[1]
    largest = [
        max(max(s.grid.get("ensembles", [0])) for s in figure.FIGURE.studies(scale))
        for scale in ("quick", "paper", "beyond")
    ]
    assert largest == sorted(set(largest))


def test_independent_cosines_are_what_wide_layouts_tend_to():
    rng = np.random.default_rng(5)
    J = fig12.independent_cosines(300, rng)
    np.testing.assert_array_equal(J, J.T)
    np.testing.assert_array_equal(np.diag(J), 0)
    wide = confocal_couplings(40 * rng.standard_normal((300, 2)), 1.0)
    for couplings in (J, wide):
        entries = couplings[np.triu_indices(300, 1)]
        # Of a cosine: 0, 1/2, 3/8; 44,850 entries, five standard errors.
        for power, moment, error in ((1, 0, 0.017), (2, 0.5, 0.009), (4, 0.375, 0.009)):
            assert np.mean(entries**power) == pytest.approx(moment, abs=error)


# Basins ---------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ["sequential", "first failure of 50"])
def test_a_ferromagnet_recalls_up_to_half(estimator):
    fixed = relaxation.prepare(np.ones((21, 21)) - np.eye(21))
    rng = np.random.default_rng(0)
    up = np.ones(21, np.int8)
    # Ten of 21 flipped leave a majority of one: every spin feels the others' majority.
    assert basin_studies.basin(fixed, up, "sd", estimator, rng) in (9, 10)


def test_the_early_exit_is_biased_low():
    point = {"ensembles": 60, "width": 1.0, "sampling": "sd", "dynamics": "sd"}
    means = [
        np.mean(
            [
                basin_studies.basins(
                    {**point, "minima": 6, "estimator": estimator},
                    np.random.default_rng(seed),
                )["sizes"]
                for seed in range(6)
            ]
        )
        for estimator in ("first failure of 20", "sequential")
    ]
    assert means[0] < means[1]


def test_spins_whose_flip_is_not_undone_bound_the_basin():
    """A cue of d flips spares all k of them with probability C(N-k, d) / C(N, d)."""
    size, bounded = 200, 0
    for seed in range(2):
        rng = np.random.default_rng(seed)
        positions = 4 * rng.standard_normal((size, 2))
        fixed = relaxation.prepare(confocal_couplings(positions, 1.0))
        for minimum in relaxation.sample_minima(fixed, 12, rng=rng):
            flipped = minimum * (1 - 2 * np.eye(size, dtype=np.int8))
            ends = relaxation.relax(fixed, flipped).spins
            k = np.count_nonzero((ends != minimum).any(axis=1))
            spared = np.cumprod(1 - k / (size - np.arange(size // 2)))
            # The test may take 0.94 for 0.95.
            limit = np.count_nonzero(spared >= 0.94)
            found = relaxation.basin_size(fixed, minimum, interval=False, rng=rng)
            assert found.size <= limit + (k > 0)
            bounded += k > 0
    assert bounded > 5


@pytest.mark.parametrize("estimator", ["median", "first", ""])
def test_an_unknown_estimator_is_refused(estimator):
    fixed = relaxation.prepare(np.ones((5, 5)) - np.eye(5))
    with pytest.raises(ParameterError, match="estimator must be"):
        basin_studies.basin(
            fixed, np.ones(5, np.int8), "sd", estimator, np.random.default_rng(0)
        )


# Storage --------------------------------------------------------------------------


def test_corruption_flips_exactly_so_many_pixels():
    rng = np.random.default_rng(1)
    pattern = rng.choice([-1, 1], 30).astype(np.int8)
    cues = storage_studies.corrupted(pattern, 7, 40, rng)
    np.testing.assert_array_equal(np.count_nonzero(cues != pattern, axis=1), 7)
    assert len(np.unique(cues, axis=0)) > 30


def stored(method, loading):
    point = {
        "ensembles": 40, "loading": loading, "method": method, "dynamics": "sd",
        "probes": 4, "resolution": 0.045,
    }  # fmt: skip
    return storage_studies.stored_basins(point, np.random.default_rng(3))


def test_one_hebbian_pattern_has_the_basin_of_a_ferromagnet():
    np.testing.assert_allclose(stored("hebbian", 0.025)["sizes"], 19, atol=1)


def test_the_trained_encoder_stores_what_the_plain_one_cannot():
    trained, plain = stored("trained", 0.7), stored("plain", 0.7)
    assert trained["exact"].all()
    assert trained["sizes"].mean() > plain["sizes"].mean()


def test_an_unknown_method_is_refused():
    with pytest.raises(ParameterError, match="method must be one of"):
        stored("magic", 0.1)


# Learning rules -------------------------------------------------------------------

RULES = ("hebbian", "pseudo-inverse")


def by_rule(rule, loading, size, **rest):
    return {"ensembles": size, "loading": loading, "rule": rule} | rest


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dynamics", ["sd", "0tmh"])
def test_one_pattern_is_recalled_from_up_to_half(rule, dynamics):
    point = by_rule(rule, 1 / 41, 41, dynamics=dynamics, probes=2, resolution=0.045)
    found = rule_studies.attractor_basins(point, np.random.default_rng(5))
    # 21 right against 20 wrong: each wrong one sees a majority that is right.
    np.testing.assert_array_equal(found["sizes"], 20)


@pytest.mark.parametrize("dynamics", ["sd", "0tmh", "exact", "printed"])
def test_one_pattern_is_recalled_at_all_distances_drawn(dynamics):
    point = by_rule("pseudo-inverse", 1 / 30, 30, dynamics=dynamics, trials=3)
    found = rule_studies.recall(point, np.random.default_rng(6))
    np.testing.assert_array_equal(found["recalled"], np.ones(12))


def test_steepest_descent_recalls_more_than_random_order():
    areas = [
        rule_studies.recall(
            by_rule("pseudo-inverse", 0.6, 60, dynamics=dynamics, trials=100),
            np.random.default_rng(7),
        )["recalled"].sum()
        for dynamics in ("sd", "0tmh")
    ]
    assert areas[0] > areas[1] + 1


def test_attractors_are_the_patterns_until_a_rule_fails():
    for rule, loading, overlap in (
        ("pseudo-inverse", 0.8, 1.0), ("hebbian", 0.02, 1.0), ("hebbian", 1.5, 0.3)
    ):  # fmt: skip
        point = by_rule(rule, loading, 100)
        found = rule_studies.attractors(point, np.random.default_rng(8))
        assert found["overlap"] == pytest.approx(overlap, abs=0.15 * (overlap < 1))
        assert found["close"] == pytest.approx(float(overlap == 1), abs=0.05)


# Fits -----------------------------------------------------------------------------


@pytest.mark.parametrize("made", ["b + a/N", "c N^-p"])
def test_a_limit_is_decided_by_small_errors_only(made):
    """A constant of 0.05 and a power of -0.14, as far apart as the data are good."""
    sizes = np.array([50.0, 100, 200, 400, 800, 1600])
    parameters = {"b + a/N": (0.05, 1.5), "c N^-p": (0.14, 0.14)}[made]
    values = fig12.FORMS[made](sizes, *parameters)
    sharp = fig12.fits(sizes, values, np.full(6, 1e-4))
    np.testing.assert_allclose(sharp[made].parameters, parameters, rtol=1e-4)
    assert sharp[made].chi2 == pytest.approx(0, abs=1e-3)
    assert [name for name, fit in sharp.items() if fit.plausible] == [made]
    assert sharp[made].limit == pytest.approx(parameters[0] if "a" in made else 0)
    vague = fig12.fits(sizes, values, np.full(6, 0.02))
    assert all(fit.plausible for fit in vague.values())
    # Errors of the limit grow with those of the means.
    ratio = vague["b + a/N"].error / sharp["b + a/N"].error
    assert ratio == pytest.approx(200, rel=1e-3)


def test_a_limit_is_decided_where_all_forms_that_fit_agree():
    sizes = np.array([50.0, 100, 200, 400, 800, 1600])
    for errors, verdict in ((1e-4, "agrees"), (0.02, "not comparable")):
        values = fig12.FORMS["b + a/N"](sizes, 0.05, 1.5)
        assert fig12.limit_claim(sizes, values, np.full(6, errors)).verdict == verdict


def test_a_held_nu_is_kept_and_a_free_one_found():
    sizes, widths = np.array([50.0, 100, 200]), np.linspace(0.5, 0.8, 7)
    made = np.array([0.33, 3.4, 0.67, 2.4])
    counts = fig05.model(made, sizes, widths)
    held = fig05.collapse(counts, sizes, widths, 2.4)
    np.testing.assert_allclose(held[:3], made[:3], rtol=1e-4)


def test_the_collapse_finds_the_parameters_that_made_the_counts():
    sizes, widths = np.array([25.0, 100.0, 400.0]), np.linspace(0.5, 0.8, 7)
    made = np.array([0.4, 3.0, 0.65, 2.6])
    counts = fig05.model(made, sizes, widths)
    np.testing.assert_allclose(fig05.collapse(counts, sizes, widths), made, rtol=1e-4)
    exact = fig05.model(np.array([0.33, 3.4, 0.71, 2.4]), sizes, widths)
    assert fig05.transition(exact, sizes, widths) == pytest.approx(0.71)


def test_a_ferromagnet_has_one_minimum():
    point = {"ensembles": 30, "width": 0.3, "states": 200}
    found = fig05.minima(point, np.random.default_rng(2))
    assert found["count"] == 1
    assert found["coverage"] == 1


def test_without_placement_errors_minima_barely_move(monkeypatch):
    monkeypatch.setitem(fig14.PLACEMENT, "none", 0.0)
    point = {"ensembles": 30, "width": 1.0, "minima": 10}
    found = [
        fig14.drift({**point, "placement": kind}, np.random.default_rng(4))
        for kind in ("none", "in total", "per coordinate")
    ]
    changes = [each["change"] for each in found]
    assert changes == sorted(changes)
    # Atom numbers scatter by sqrt(30 / 1e6) = 0.55 %, on two sites each.
    assert changes[0] == pytest.approx(0.0055 * np.sqrt(2), rel=0.4)
    assert found[0]["overlap"] > 0.98
