"""Points of a scan: order, belief superseded, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccqed_ctrl.arguments import Arguments, Scan
from ccqed_ctrl.belief import Apparatus, Belief, Source
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.params import Cloud, Cue, Sequence
from ccqed_ctrl.scans import product

BELIEF = Belief(
    Apparatus(cloud=Cloud(atoms=70_000)), {"cloud.atoms": Source("measured in run 3")},
    Path("laboratory.toml"), "",
)  # fmt: skip


def handles(**cue):
    return {
        "cue": Arguments(Cue, cue),
        "sequence": Arguments(Sequence, {"field_ratio": Scan([1.0, 2.0])}),
    }


def test_one_point_without_a_scan():
    found = product({"cue": Arguments(Cue, {"corruption": 0.2})}, BELIEF)
    (point,) = found.points
    assert point.chosen == {"cue": Cue(corruption=0.2)}
    assert point.apparatus == BELIEF.apparatus
    assert (found.names, found.shape) == ((), ())


def test_two_scans_form_a_product_the_first_slowest():
    found = product(handles(corruption=Scan([0.0, 0.1, 0.2])), BELIEF)
    assert found.names == ("cue.corruption", "sequence.field_ratio")
    assert found.shape == (3, 2)
    order = [
        (p.chosen["cue"].corruption, p.chosen["sequence"].field_ratio)
        for p in found.points
    ]
    assert order == [(c, f) for c in (0.0, 0.1, 0.2) for f in (1.0, 2.0)]


def test_an_argument_of_a_believed_group_supersedes_belief():
    asked = {"cloud": Arguments(Cloud, {"size": 5e-6})}
    (point,) = product(asked, BELIEF).points
    assert point.apparatus.cloud == Cloud(size=5e-6, atoms=70_000)
    assert point.chosen == {}
    assert product(asked, BELIEF).sources == {
        "cloud.size": Source("argument"), "cloud.atoms": Source("measured in run 3"),
    }  # fmt: skip


def test_what_is_believed_can_be_scanned():
    found = product({"cloud": Arguments(Cloud, {"atoms": Scan([1, 2])})}, BELIEF)
    assert [p.apparatus.cloud.atoms for p in found.points] == [1, 2]
    assert found.sources["cloud.atoms"] == Source("argument")


def test_a_slip_of_the_keyboard_is_refused():
    many = Scan([0.1] * 60_000)
    with pytest.raises(ParameterError, match=r"cue.corruption.* span 120000 points"):
        product(handles(corruption=many), BELIEF)
