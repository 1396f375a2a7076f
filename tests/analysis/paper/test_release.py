"""The study of the release: its drive in closed form, its shots, its page."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.paper import production
from analysis.paper.registry import FIGURES, select
from analysis.paper.release import FIGURE
from analysis.paper.release_shots import (
    DYNAMICS,
    FIELD_RATIO,
    FRACTIONS,
    HOLD,
    REST,
    RISE,
    Operation,
    ends,
    minimum,
    stepped,
)
from analysis.paper.release_studies import exact, sweep
from analysis.paper.report import compose
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.model import relaxation
from ccqed_ctrl.model.emission import overlap_kernel
from ccqed_ctrl.params import RUBIDIUM_LINEWIDTH

KERNEL = overlap_kernel(
    50e-6 * np.random.default_rng(5).standard_normal((12, 2)), 35.2336e-6, 3.94e-6
)
MINIMUM = relaxation.sample_minima(KERNEL, 1, rng=np.random.default_rng(1), threads=1)[
    0
]


def test_changes_are_read_from_text():
    assert Operation.changed("") == Operation()
    both = Operation.changed("power=2, noise=1")
    assert both == replace(Operation(), power=2.0, noise=1.0)
    for bad in ("pressure=1", "power", "power=much"):
        with pytest.raises(ParameterError, match="change"):
            Operation.changed(bad)


@pytest.mark.parametrize("power", [1.1, 1.3, 2.0, 5.0])
def test_the_hysteresis_field_is_where_the_well_vanishes(power):
    """A spin along b = a x - h, x = b/sqrt(b^2 + wz^2): h(x) has its largest at h_c."""
    operation = Operation(power=power)
    x = np.linspace(0, 1, 200_001)[:-1]
    a = power * operation.omega_z
    held = a * x - operation.omega_z * x / np.sqrt(1 - x**2)
    assert operation.hysteresis == pytest.approx(held.max(), rel=1e-6)
    assert Operation(power=0.9).hysteresis == 0


@pytest.mark.parametrize("overshoot", [0.0, 0.5])
def test_the_drive_rises_holds_and_falls(overshoot):
    operation = Operation(power=1.3, off_time=2e-3, overshoot=overshoot)
    drive = operation.waveform(operation.system(KERNEL), MINIMUM)
    aligned = drive.field * MINIMUM
    assert np.ptp(aligned, axis=1) == pytest.approx(0, abs=1e-6)
    field, full = aligned[:, 0], aligned.max()
    rising = drive.times <= RISE
    # The longitudinal light comes with the pump's amplitude.
    np.testing.assert_allclose(
        field[rising], full * np.sqrt(drive.power[rising] / 1.3), rtol=1e-12
    )
    off = KERNEL - np.diag(np.diag(KERNEL))
    local = 1.3 * operation.omega_z / operation.beta * np.abs(off @ MINIMUM).max()
    # beta of the clouds is on the diagonal of far sites: M J_0 beta = omega_z.
    assert full == pytest.approx(FIELD_RATIO * local, rel=1e-6)
    assert field.min() == pytest.approx(-overshoot * operation.hysteresis, abs=1e-6)
    assert field[-1] == field[-2] == 0
    extra = 2 * overshoot * operation.hysteresis / full
    assert drive.times[-1] == pytest.approx(RISE + HOLD + 2e-3 * (1 + extra) + REST)
    if not overshoot:
        # Photons: 2 Gamma Omega^2 / Delta_A^2 while the pump is on, q integrated.
        pump = operation.pump
        ratio = pump.rabi_frequency / pump.atomic_detuning
        on = np.trapezoid(drive.power, drive.times)
        expected = 2 * RUBIDIUM_LINEWIDTH * ratio**2 * on
        assert operation.scattered == pytest.approx(expected)


@pytest.mark.parametrize("off_time", [0.0, 1e-3])
def test_constant_pieces_carry_what_the_slopes_do(off_time):
    operation = Operation(off_time=off_time)
    drive = operation.waveform(operation.system(KERNEL), MINIMUM)
    pieces = stepped(drive)
    lengths = np.diff(pieces.times)
    assert lengths.min() > 0
    np.testing.assert_allclose(
        lengths @ pieces.field, np.trapezoid(drive.field, drive.times, axis=0)
    )
    assert lengths @ pieces.power == pytest.approx(
        np.trapezoid(drive.power, drive.times)
    )


def test_a_minimum_written_without_error_stays_under_all_dynamics():
    spins = ends(Operation(), KERNEL, MINIMUM, np.random.default_rng(0))
    assert spins.shape == (len(DYNAMICS), 12)
    assert np.all(spins == MINIMUM)


def test_points_that_differ_in_a_change_see_the_same_layout_and_cue():
    point = {"ensembles": 16, "change": ""}
    one = minimum(point, np.random.default_rng(3))
    other = minimum(point | {"change": "power=2"}, np.random.default_rng(3))
    ideal = [DYNAMICS.index(name) for name in ("sd", "0tmh")]
    np.testing.assert_array_equal(one["wrong"][:, ideal], other["wrong"][:, ideal])
    assert np.any(one["wrong"] != other["wrong"])
    assert np.all(one["wrong"][1, DYNAMICS.index("sd")] == 0)
    assert one["wrong"].shape == (2, len(DYNAMICS), len(FRACTIONS))


def test_it_is_made_by_name_only():
    assert FIGURE not in FIGURES
    assert select(["release"]) == (FIGURE,)


def _small(scale):
    """Return the studies of `quick`, of 12 sites and few seeds, with one encoder."""
    small = {"ensembles": [12], "memories": [2], "cues": [1], "held_out": [0]}
    return [
        replace(
            study,
            grid=study.grid | {k: v for k, v in small.items() if k in study.grid},
            seeds=2,
        )
        for study in FIGURE.studies("quick")
    ]


def test_the_page_holds_what_is_stored_and_goes_on_from_it(tmp_path, few_examples):
    pytest.importorskip("sklearn")
    figure = replace(FIGURE, studies=_small)
    left = production.left(figure, "quick", tmp_path)
    told = {study.name: study.seconds for study in _small("quick")}
    assert left.keys() == told.keys()
    for name, (tasks, seconds) in left.items():
        assert seconds == tasks * told[name]
    made = production.make(figure, "quick", tmp_path, tmp_path)
    assert made.tasks == sum(tasks for tasks, _ in left.values())
    assert production.left(figure, "quick", tmp_path) == {}
    page = compose(tmp_path / "release.md", [made])
    assert page.startswith("# The release")
    assert "![release](release.png)" in page
    swept = made.tables["release.swept"]
    assert sweep(swept, "power")[0] == [1.3, 2.0]
    for value in sweep(swept, "power")[0]:
        assert f"| {value:g} |" in page or f"| **{value:g}** |" in page
    noisy, quiet = (
        exact(swept, "semiclassical", change=change).value[FRACTIONS.index(0.1)]
        for change in ("noise=1", "")
    )
    said = " ".join(page.split())
    assert f"returns {noisy:.3f} ± " in said
    assert f"of 10% flips, in place of {quiet:.3f} ± " in said
    again = production.make(figure, "quick", tmp_path, tmp_path)
    assert again.task_seconds == made.task_seconds
    assert compose(tmp_path / "release.md", [again]) == page
