"""When faults strike, and what a list of them may say."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import ParameterError
from sim_backend.laboratory.faults import STALL, Fault, Faults
from sim_backend.laboratory.scenario import TRUTH, Scenario

SITES = np.array([[0.0, 0.0], [1e-5, 0.0], [5e-5, 0.0]])


def struck(faults, fault, shots):
    """Return the shots in which a fault strikes."""
    found = []
    for shot in range(shots):
        coming = faults.coming(fault)
        faults.begin(SITES)
        assert faults.now(fault) == coming
        if coming:
            found.append(shot)
    return found


def test_a_fault_strikes_at_its_shots_and_no_other_does():
    faults = Faults(["dmd_slip@shot=3", "dmd_slip@shot=5", "pump_dead@shot=0"])
    assert not faults.now(Fault.pump_dead)  # before any shot
    assert struck(faults, Fault.dmd_slip, 10) == [3, 5]


def test_a_probability_is_a_share_of_the_shots_and_the_same_for_a_seed():
    """Of 2000 shots at 0.05 a share has a standard error of 0.005."""
    made = [
        struck(Faults(["site_lost@p=0.05"], seed), Fault.site_lost, 2000)
        for seed in (1, 1, 2)
    ]
    assert made[0] == made[1] != made[2]
    assert abs(len(made[0]) / 2000 - 0.05) < 0.02


@pytest.mark.parametrize("fault", ["site_lost", "sites_merged"])
def test_atoms_leave_a_trap_until_it_is_loaded_again(fault):
    faults = Faults([f"{fault}@shot=0"], seed=4)
    faults.begin(SITES)
    faults.begin(SITES)
    atoms = np.array([10.0, 20.0, 40.0])
    faults.spill(atoms)
    (gone,) = np.flatnonzero(atoms == 0)
    full = np.array([10.0, 20.0, 40.0])
    assert atoms.sum() == (70.0 if fault == "sites_merged" else 70.0 - full[gone])
    faults.load()
    faults.spill(full)
    assert full.tolist() == [10.0, 20.0, 40.0]


def test_the_second_exposure_of_a_shot_is_late():
    faults = Faults(["late_trigger@shot=0"])
    faults.begin(SITES)
    assert [faults.lateness(1e-9) for _ in range(3)] == [0, 40_000, 0]
    faults.begin(SITES)
    assert [faults.lateness(1e-9) for _ in range(2)] == [0, 0]


def test_an_underflow_is_told_by_its_event():
    assert Faults(["rtio_underflow@event=7"]).stalls() == {7: STALL}
    assert Faults(["dmd_slip@shot=7"]).stalls() == {}


@pytest.mark.parametrize(
    "text",
    ["", "dmd_slip", "dmd_slap@shot=1", "dmd_slip@shot=-1", "dmd_slip@shot=1.5",
     "dmd_slip@p=2", "dmd_slip@p=x", "dmd_slip@event=3", "rtio_underflow@shot=3",
     "dmd_slip@shot=nan", "dmd_slip@p=nan", "dmd_slip@time=-1", "dmd_slip@time=inf",
     "rtio_underflow@time=1", 3],
)  # fmt: skip
def test_what_is_no_fault_is_refused_by_name(text):
    with pytest.raises(ParameterError, match="fault"):
        Scenario(faults=(text,))


def test_faults_are_options_of_the_truth():
    changes = TRUTH.parse(["faults=['dmd_slip@shot=1', 'pump_dead@p=0.5']"])
    assert TRUTH.resolve(changes)["faults"] == ("dmd_slip@shot=1", "pump_dead@p=0.5")
    with pytest.raises(ParameterError, match="must be a list"):
        Scenario.from_dict({"faults": "dmd_slip@shot=1"})


@pytest.fixture
def clock():
    """What a plant's time is, s, in its first item."""
    return [0.0]


def test_from_a_time_on_a_fault_strikes_once_in_the_next_shot(clock):
    faults = Faults(["pump_dead@time=2.5"], clock=lambda: clock[0])
    assert struck(faults, Fault.pump_dead, 3) == []
    clock[0] = 2.5
    assert not faults.now(Fault.pump_dead)  # the shot had begun
    assert struck(faults, Fault.pump_dead, 3) == [0]
    assert [rule.text for rule in faults.rules] == ["pump_dead@shot=3"]


def test_what_strikes_beforehand_strikes_what_is_set_up_next():
    faults = Faults()
    faults.begin(SITES)
    faults.arm("dmd_slip@time=0")
    # The next shot's pattern is not asked for: the shot begins with another's.
    faults.begin(SITES)
    assert struck(faults, Fault.dmd_slip, 3) == [0]


def test_armed_and_cleared_in_a_shot_it_changes_the_next_one():
    faults = Faults()
    faults.begin(SITES)
    faults.arm("pump_dead@p=1")
    assert not faults.now(Fault.pump_dead)
    faults.begin(SITES)
    assert faults.now(Fault.pump_dead)
    assert faults.clear() == ["pump_dead@p=1"]
    assert faults.now(Fault.pump_dead)
    faults.begin(SITES)
    assert not faults.now(Fault.pump_dead)
    assert [(rule.struck, rule.acts) for rule in faults.rules] == [(1, False)]


def test_faults_are_cleared_as_they_are_written_or_by_name():
    texts = ["pump_dead@p=0.5", "pump_dead@shot=3", "site_lost@p=0.5"]
    faults = Faults(texts)
    assert faults.clear("pump_dead@shot=3") == texts[1:2]
    assert faults.clear("pump_dead") == texts[:1]
    with pytest.raises(ParameterError, match="armed are: site_lost@p=0.5"):
        faults.clear("pump_dead")
    assert faults.clear() == texts[2:]
    assert faults.clear() == []


def test_a_shot_that_has_begun_is_refused_with_what_to_do():
    faults = Faults()
    faults.begin(SITES)
    with pytest.raises(ParameterError, match="next shot of this plant is 1; .*@time=0"):
        faults.arm("pump_dead@shot=0")
    faults.arm("pump_dead@shot=1")
    faults.begin(SITES)
    assert faults.now(Fault.pump_dead)


def test_an_underflow_is_taken_back_with_its_rule():
    faults = Faults(["rtio_underflow@event=7"])
    faults.arm("rtio_underflow@event=9")
    faults.clear("rtio_underflow@event=7")
    assert faults.stalls() == {9: STALL}


def test_what_was_armed_from_a_shot_on():
    faults = Faults(["pump_dead@p=0.1", "site_lost@p=0.1"])
    faults.begin(SITES)
    faults.clear("pump_dead")
    faults.begin(SITES)
    faults.clear("site_lost")
    assert faults.armed_since(0) == ["pump_dead@p=0.1", "site_lost@p=0.1"]
    assert faults.armed_since(1) == ["site_lost@p=0.1"]
    assert faults.armed_since(2) == []
