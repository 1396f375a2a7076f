"""A plant in another process: found, refused, lost; its values are in end_to_end."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

import pytest
from sipyco.pc_rpc import Server

from ccqed_ctrl.errors import DeviceError, ParameterError, TimelineError
from sim_backend.crate import twin
from sim_backend.crate.events import Event, unpack
from sim_backend.crate.link import Link
from tests.sockets import free_port

WIRING = {"shutter": "ttl0", "lamp": "ttl0", "diode": "sampler0"}


class Plant:
    """Remembers what it is told."""

    def __init__(self):
        self.batches, self.until = [], []

    def identity(self):
        return {"module": "optics", "truth": {"power": 2.0}, "seed": 7, "now_mu": 0}

    def add(self, batch):
        self.batches.append(unpack(batch))

    def advance(self, until_mu):
        if until_mu > 1000:
            raise TimelineError("too far")
        if until_mu > 900:
            raise ZeroDivisionError
        self.until.append(until_mu)

    def observe(self, role, signal, time_mu):
        return {"diode": time_mu / 2}[role]

    def safe_state(self):
        return ["lamp"]

    def doubts(self):
        return ["of everything"]


@contextmanager
def served(**targets):
    """Serve targets from a thread; give the address."""
    loop = asyncio.new_event_loop()
    server = Server(targets)
    loop.run_until_complete(server.start("127.0.0.1", 0))
    port = server.server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def plant():
    return Plant()


@pytest.fixture
def link(plant):
    with served(plant=plant) as address:
        made = Link(None, WIRING, seed=1, module="optics", twin=address)
        yield made
        made.close()


def test_truth_and_seed_are_the_twins(link):
    assert link.truth == {"power": 2.0}
    assert link.seed == 7
    assert link.safe_state() == ["lamp"]
    assert link.doubts() == ["of everything"]


def test_events_arrive_by_role_and_others_by_channel(link, plant):
    link.output(3, "ttl0", "level", 1)
    link.output(2, "ttl9", "level", 1)
    link.sync(5)
    assert plant.batches == [
        [
            Event(2, "ttl9", "level", 1.0),
            Event(3, "shutter", "level", 1.0),
            Event(3, "lamp", "level", 1.0),
        ]
    ]
    assert plant.until == [5]


def test_many_events_arrive_in_batches(link, plant, monkeypatch):
    monkeypatch.setattr(twin, "BATCH", 10)
    for time_mu in range(25):
        link.output(time_mu, "ttl9", "level", time_mu % 2)
    link.sync(30)
    assert [len(batch) for batch in plant.batches] == [10, 10, 5]
    assert [e.time_mu for batch in plant.batches for e in batch] == list(range(25))
    assert plant.until == [30]  # the plant moves once


def test_a_batch_is_no_longer_than_a_server_reads(link, plant):
    for time_mu in range(twin.BATCH):
        link.output(2**60 + time_mu, f"ttl{1 + time_mu % 100}", "level", 1 / 3)
    with pytest.raises(TimelineError):
        link.sync(2**61)
    assert [len(batch) for batch in plant.batches] == [twin.BATCH]


def test_inputs_are_asked_by_role(link):
    assert link.observe("sampler0", "adc0", 8) == 4.0
    assert link.observe("sampler1", "adc0", 8) == 0.0


def test_errors_of_ours_come_back_as_such_and_others_as_they_are(link):
    with pytest.raises(ZeroDivisionError):
        link.sync(950)
    with pytest.raises(TimelineError, match="^too far$"):
        link.sync(2000)


def test_a_truth_of_the_runs_own_is_refused(plant):
    own = {"truth": {"power": 1.0}, "module": "optics"}
    with served(plant=plant) as twin, pytest.raises(DeviceError, match="of its own"):
        Link(None, WIRING, **own, twin=twin)


@pytest.mark.parametrize(
    ("target", "module", "message"),
    [
        ("camera", "optics", "no twin answers at 127"),
        ("plant", "acoustics", "is optics, not acoustics"),
    ],
)
def test_another_server_is_no_twin(target, module, message):
    served_so = served(**{target: Plant()})
    with served_so as twin, pytest.raises(DeviceError, match=message):
        Link(None, WIRING, module=module, twin=twin)


def test_no_twin_is_said_with_what_to_do():
    message = "no twin answers at .*; start aqctl_ccqed_twin there, or unset CCQED_TWIN"
    with pytest.raises(DeviceError, match=message):
        Link(None, WIRING, module="optics", twin=f"[::1]:{free_port()}")


def test_a_twin_that_is_gone_is_said(plant):
    with served(plant=plant) as address:
        link = Link(None, WIRING, module="optics", twin=address)
    with pytest.raises(DeviceError, match=f"twin at {address} is gone"):
        link.sync(10)
    link.close()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[::1]:3283", ("::1", 3283)), ("::1:3283", ("::1", 3283)),
        ("lab.example:1", ("lab.example", 1)),
    ],
)  # fmt: skip
def test_addresses(text, place):
    assert twin.address(text) == place


@pytest.mark.parametrize("text", ["lab", ":3283", "lab:", "lab:x", "3283"])
def test_what_is_no_address(text):
    with pytest.raises(ParameterError, match="HOST:PORT"):
        twin.address(text)
