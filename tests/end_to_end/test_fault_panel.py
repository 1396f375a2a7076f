"""Faults armed by the operator while a run goes on, twin and panel behind sockets."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

import analysis
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from sim_backend.crate.twin import TwinTarget
from sim_backend.laboratory.faults import Fault
from tests.sockets import twin

from .fault_table import CASES

NAMED = [case for case in CASES if not case.ends]
ENDING = [case for case in CASES if case.ends]


@pytest.fixture(scope="module")
def port():
    with twin("dynamics=steepest_descent") as port:
        yield port


@pytest.fixture
def panel(monkeypatch, port):
    """The panel of the twin that runs use."""
    address = f"[::1]:{port}"
    monkeypatch.setenv("CCQED_TWIN", address)
    with closing(TwinTarget(address, "faults")) as panel:
        yield panel
        panel.ask("clear")


@pytest.fixture
def arming(monkeypatch, panel):
    """Let a fault be armed before each shot that is taken, from the second on."""

    def arrange(faults):
        coming, take = iter(["", *faults]), HolographicShot.take

        def broken(*arguments):
            if fault := next(coming, ""):
                panel.ask("arm", fault)
            return take(*arguments)

        monkeypatch.setattr(HolographicShot, "take", broken)

    return arrange


def truth(run):
    return json.loads(run.get("provenance"))["truth"]


def test_the_verdict_of_a_shot_names_what_was_armed_in_the_run(recall, arming, panel):
    between = [f"{case.fault}@time=0" for case in NAMED]
    taken = [word for case, text in zip(NAMED, between, strict=True)
             for word in ([text, ""] if case.found.again else [text])]  # fmt: skip
    before = panel.ask("armed")["shot"]
    arming(taken)
    outcome = recall(0, shots=1 + len(NAMED))
    assert outcome.status == "ok", outcome.error
    with analysis.open(outcome.path) as run:
        for shot, case in enumerate(NAMED, 1):
            seen = (run.rejected if case.found.again else run.verdict)[shot]
            assert seen == case.found, case.fault
        told = truth(run)["faults"]
    struck = {one["fault"]: one["struck"] for one in panel.ask("armed")["faults"]}
    strikes = [before + 1 + at for at, word in enumerate(taken) if word]
    expected = {f"{c.fault}@shot={s}": s for c, s in zip(NAMED, strikes, strict=True)}
    assert struck == expected
    # The results say so: at the start nothing was armed.
    assert told == list(expected)


@pytest.mark.parametrize("case", ENDING, ids=[case.fault for case in ENDING])
def test_what_is_armed_ends_the_run_safely_and_the_next_one_works(
    case, recall, arming, panel
):
    when = "event=4000" if case.fault is Fault.rtio_underflow else "time=0"
    arming([f"{case.fault}@{when}"])
    outcome = recall(0, shots=3)
    assert outcome.status == "failed"
    assert case.found in str(outcome.error)
    with analysis.open(outcome.path) as run:
        assert run.verdict[0] == Verdict.ok
        assert run.shots < 3
        assert truth(run)["faults"][0].startswith(case.fault)
    panel.ask("clear")
    again = recall(0, shots=1)
    assert again.status == "ok", again.error
    with analysis.open(again.path) as run:
        assert truth(run)["faults"] == []
