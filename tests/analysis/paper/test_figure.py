"""Claims, verdicts, the registry, and that a figure redraws without recomputing."""

import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis import commands
from analysis.campaign import Study
from analysis.paper import command, production
from analysis.paper.figure import (
    SCALES,
    Claim,
    PaperFigure,
    check_scale,
    compare,
)
from analysis.paper.registry import FIGURES, select
from analysis.paper.report import compose
from ccqed_ctrl.cli import RUN_FAILED, parser_of
from ccqed_ctrl.errors import CcqedError, ParameterError


@pytest.mark.parametrize(
    ("ours", "error", "verdict"),
    [
        (0.66, 0.01, "agrees"),
        (0.70, 0.01, "agrees"),
        (0.7001, 0.01, "differs"),
        (0.64, 0.005, "differs"),
        (0.68, None, "agrees"),
        (0.681, None, "differs"),
        (math.nan, 0.1, "not comparable"),
    ],
)
def test_verdict_follows_from_range_and_uncertainty(ours, error, verdict):
    """The paper's 0.67(1) is the range 0.66 to 0.68; two standard errors are slack."""
    claim = compare("w_AM/w0", "0.67(1)", ours, error, (0.66, 0.68), "why")
    assert claim.verdict == verdict


@pytest.mark.parametrize(
    ("ours", "error", "text"),
    [
        (0.67123, 0.0123, "0.671 ± 0.012"),
        (13.4567, 0.5, "13.46 ± 0.50"),
        (1234.5, 23.0, "1234 ± 23"),
        (0.67123, None, "0.6712"),
        ("nu = -4", None, "nu = -4"),
        (1.0, 0.0, "1 ± 0"),
    ],
)
def test_a_claim_is_written_to_two_digits_of_its_error(ours, error, text):
    assert Claim("q", "p", ours, error, "agrees", "w").value == text


def test_claims_refuse_nonsense():
    with pytest.raises(ParameterError, match="verdict"):
        Claim("q", "p", 1.0, None, "perhaps", "w")
    with pytest.raises(ParameterError, match="uncertainty"):
        Claim("q", "p", 1.0, -0.1, "agrees", "w")
    with pytest.raises(ParameterError, match="within"):
        compare("q", "p", 1.0, None, (1.0, 0.0), "w")


def test_figures_are_named_and_in_the_papers_order():
    names = [figure.name for figure in FIGURES]
    assert names == sorted(set(names))
    for figure in FIGURES:
        assert len(figure.protocol) > 100
        for scale in SCALES:
            for study in figure.studies(scale):
                assert study.name.startswith(figure.name)


def test_select_keeps_the_papers_order_and_takes_all_for_none():
    assert [f.name for f in select(["fig08", "fig04"])] == ["fig04", "fig08"]
    assert select([]) == FIGURES


@pytest.mark.parametrize("name", ["fig4", "fig99", "figure04"])
def test_an_unknown_figure_is_refused_with_the_closest(name):
    with pytest.raises(ParameterError, match=r"did you mean 'fig\d\d'"):
        select([name])


def test_an_unknown_scale_is_refused_with_the_closest():
    with pytest.raises(ParameterError, match="did you mean 'paper'"):
        check_scale("papre")
    with pytest.raises(ParameterError, match="known: quick, paper, beyond"):
        check_scale("x")


def doubled(point, rng):
    """Append to a file, so that the test can count calls in any process."""
    with Path(point["log"]).open("a") as log:
        log.write("call\n")
    return {"double": 2 * point["x"] + 0 * rng.random()}


def failing(point, rng):
    raise ValueError("no such coupling")


def toy(log, function=doubled):
    def studies(scale):
        xs = {"quick": [1, 2, 3], "paper": [1, 2, 3, 4], "beyond": [5]}[scale]
        return [Study("toy.doubled", function, {"x": xs, "log": [str(log)]})]

    def draw(tables, figure):
        axes = figure.subplots()
        axes.plot(tables["toy.doubled"].column("double"))

    def claims(tables):
        total = float(tables["toy.doubled"].column("double").sum())
        return [compare("sum | of <all>", "12", total, None, (12, 12), "2 (1 + 2 + 3)")]

    return PaperFigure("toy", "A toy", "Doubles.", studies, draw, claims)


def test_redrawing_does_not_recompute(tmp_path):
    log = tmp_path / "log"
    figure = toy(log)
    first = production.make(figure, "quick", tmp_path, tmp_path / "out")
    assert log.read_text().count("call") == 3
    bits = first.picture.read_bytes()
    again = production.make(figure, "quick", tmp_path, tmp_path / "out")
    assert log.read_text().count("call") == 3
    assert again.picture.read_bytes() == bits
    assert (again.tasks, again.claims) == (3, first.claims)
    # A larger scale computes only what is new.
    production.make(figure, "paper", tmp_path, tmp_path / "out")
    assert log.read_text().count("call") == 4


def test_a_failing_task_is_named(tmp_path, caplog):
    with pytest.raises(CcqedError, match="3 tasks failed.*no such coupling"):
        production.make(toy(tmp_path, failing), "quick", tmp_path, tmp_path)


def test_the_report_sets_claims_beside_the_paper(tmp_path):
    made = production.make(toy(tmp_path / "log"), "quick", tmp_path, tmp_path / "doc")
    text = compose(tmp_path / "doc.md", [made])
    assert "![toy](doc/toy.png)" in text
    assert "| sum \\| of &lt;all> | 12 | 12 | agrees | 2 (1 + 2 + 3) |" in text
    assert "| [toy](#toy) | 1 | 0 | 0 | 0 | quick | 3 |" in text
    assert "0.447" in text


def run_command(monkeypatch, figures, *args):
    monkeypatch.setattr(command, "select", lambda names: figures)
    options = parser_of(commands.FIGURES).parse_args([str(arg) for arg in args])
    return commands.FIGURES.run(options)


def test_one_failing_figure_does_not_cost_the_others(tmp_path, monkeypatch, capsys):
    figures = (toy(tmp_path / "log", failing), toy(tmp_path / "log"))
    report = tmp_path / "docs" / "reproduction.md"
    code = run_command(
        monkeypatch, figures, "--store", tmp_path / "store", "--report", report
    )
    assert code == RUN_FAILED
    assert "1 of 2 figures" in capsys.readouterr().out
    assert (tmp_path / "docs" / "reproduction" / "toy.png").exists()
    assert "Fig. toy: A toy" in report.read_text()


def test_what_is_stored_is_drawn_and_nothing_is_computed(tmp_path, monkeypatch, caplog):
    store, log = tmp_path / "store", tmp_path / "log"
    figures = (toy(log),)
    stored = "--stored", "--store", store, "--report", tmp_path / "r.md"
    assert run_command(monkeypatch, figures, *stored) == RUN_FAILED
    assert "holds no scale of toy completely" in caplog.text
    assert not log.exists()
    for scale in ("quick", "paper"):
        arguments = "--scale", scale, "--store", store
        assert run_command(monkeypatch, figures, *arguments) == 0
        assert run_command(monkeypatch, figures, *stored) == 0
        assert f"Here: scale `{scale}`." in (tmp_path / "r.md").read_text()
    assert log.read_text().count("call") == 4


CLOSED_FORMS = [figure for figure in FIGURES if not figure.studies("quick")]


@pytest.mark.parametrize("figure", CLOSED_FORMS, ids=lambda figure: figure.name)
def test_closed_forms_draw_and_make_finite_claims(figure):
    sheet = Figure(figsize=figure.size, layout="constrained")
    figure.draw({}, sheet)
    sheet.canvas.draw()
    assert sheet.axes
    assert all(np.isfinite(claim.ours) for claim in figure.claims({}))
