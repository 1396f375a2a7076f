"""Several runs on one plant: each has its own time, and finds what the last left."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import DeviceError, ShapeError, TimelineError
from sim_backend.crate.events import Event, pack
from sim_backend.laboratory.scenario import TRUTH
from sim_backend.laboratory.server import Bench, targets

MS = 1_000_000
SMALL = ("imaging.pixels=32", "modes.max_order=40")


@pytest.fixture
def bench():
    return Bench(TRUTH.resolve(TRUTH.parse(SMALL)), 4)


def trigger(session, at_mu, until_mu):
    steps = [
        Event(at_mu, "ttl_camera", "level", 1),
        Event(at_mu + 9, "ttl_camera", "level", 0),
    ]
    session.add(pack(steps))
    session.advance(until_mu)


def test_a_session_says_what_it_is_of(bench):
    known = bench.session().identity()
    assert (known["module"], known["now_mu"]) == ("sim_backend.laboratory", 0)
    assert (known["truth"], known["seed"]) == (bench.truth, 4)
    assert known["truth"]["imaging"]["pixels"] == 32


def test_time_and_state_go_on(bench):
    first = bench.session()
    bench.driver("tweezers").set_positions([[20e-6, 0.0]])
    first.add(
        pack([Event(5, "pump_servo", "dac0", 2.5), Event(6, "noise_gate", "level", 1)])
    )
    first.advance(7 * MS)
    second = bench.session()
    assert second.identity()["now_mu"] == 7 * MS
    assert second.safe_state() == first.safe_state() == ["noise_gate", "pump_servo"]
    second.add(pack([Event(0, "noise_gate", "level", 0)]))
    second.advance(2 * MS)
    assert bench.plant.now_mu == 9 * MS
    assert second.safe_state() == ["pump_servo"]
    assert bench.plant.magnetization().shape == (1,)


def test_a_run_that_waits_finds_its_time_standing_still(bench):
    camera = bench.driver("camera")
    one, other = bench.session(), bench.session()
    one.advance(5 * MS)
    trigger(other, 100 * MS, 150 * MS)
    assert bench.plant.now_mu == 155 * MS
    # At 6 ms of its own; for the plant, that is 1 ms after it was left.
    arm_id = camera.arm(2, 10e-6)
    trigger(one, 6 * MS, 8 * MS)
    assert bench.plant.now_mu == 158 * MS
    trigger(other, 200 * MS, 201 * MS)
    assert bench.plant.now_mu == 209 * MS
    taken = camera.fetch(arm_id, 1.0)
    np.testing.assert_array_equal(taken["sequence"], [0, 1])
    trigger(one, 8 * MS, 8 * MS + 10)
    assert bench.plant.now_mu == 209 * MS + 10


def test_what_an_input_sees_is_asked_in_the_runs_time(bench):
    one, other = bench.session(), bench.session()
    other.advance(50 * MS)
    one.advance(5 * MS)
    assert one.observe("photodiodes", "adc0", 5 * MS) == 0.0
    with pytest.raises(DeviceError, match="sync first"):
        one.observe("photodiodes", "adc0", 6 * MS)


def test_the_past_stays_past(bench):
    session = bench.session()
    session.advance(5 * MS)
    with pytest.raises(TimelineError, match="cannot reach the plant"):
        trigger(session, 4 * MS, 6 * MS)
    # The event is forgotten with its refusal.
    session.advance(6 * MS)
    assert bench.plant.now_mu == 6 * MS


def test_nonsense_is_refused_and_forgotten(bench):
    session = bench.session()
    batch = pack([Event(1, "ttl_camera", "level", 1.0)])
    with pytest.raises(ShapeError, match="values of events"):
        session.add(batch | {"value": np.zeros(2)})
    session.advance(5)
    assert session.doubts() == []


def test_the_twin_serves_plant_and_drivers(bench):
    served = targets(bench)
    assert set(served) == {"plant", "faults", "camera", "dmd", "tweezers", "lock"}
    assert served["plant"]() is not served["plant"]()  # one for each connection
    served["tweezers"].set_positions([[20e-6, 0.0]])
    assert bench.plant.magnetization().shape == (1,)


def test_faults_that_an_operator_arms_are_part_of_the_truth(bench):
    first, panel = bench.session(), targets(bench)["faults"]
    panel.arm("pump_dead@p=0.5")
    prepare(first)
    assert first.identity()["truth"]["faults"] == ("pump_dead@p=0.5",)
    panel.clear("pump_dead")
    assert first.identity()["truth"]["faults"] == ("pump_dead@p=0.5",)
    assert bench.session().identity()["truth"]["faults"] == ()
    assert panel.armed() == {"shot": 1, "time": 10e-9, "faults": []}


def prepare(session):
    session.add(pack([Event(5, "ttl_prepare", "level", 1)]))
    session.advance(10)


def test_photons_are_counted_in_the_runs_time(bench):
    other, one = bench.session(), bench.session()
    other.advance(7 * MS)
    probe = [Event(10, "probe", "frequency", 203e6), Event(10, "probe", "amplitude", 1),
             Event(MS, "probe_switch", "level", 1)]  # fmt: skip
    one.add(pack(probe))
    one.advance(3 * MS)
    edges = one.edges("transmission", 0, 3 * MS)
    times = np.array([time_mu for time_mu, level in edges if level])
    assert np.count_nonzero(times < MS) < 5
    assert len(times) == pytest.approx(2e-3 * 2e5, rel=0.25)
    assert times.max() < 3 * MS
