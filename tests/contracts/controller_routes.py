"""The ways by which a driver of the twin is reached, for what is promised by each."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
from sipyco.pc_rpc import Client

from ccqed_ctrl.errors import restored
from sim_backend.crate.link import Link
from sim_backend.host import SITE, is_embedded, network
from sim_backend.laboratory.scenario import TRUTH
from sim_backend.laboratory.server import Bench
from tests.laboratory.bench import WIRING
from tests.sockets import ROOT, twin

MS = 1_000_000
SMALL = ("imaging.pixels=32", "modes.max_order=40", "imaging.saturation=500")
SITES = np.array([[20e-6, 0.0], [50e-6, 10e-6], [-30e-6, 40e-6]])
REAL = [
    pytest.mark.artiq,
    pytest.mark.skipif(is_embedded("sipyco"), reason="no real sipyco is installed"),
]


@contextmanager
def in_process(*truth):
    """The drivers themselves."""
    bench = Bench(TRUTH.resolve(TRUTH.parse((*SMALL, *truth))), 5)
    yield lambda: (Link(None, WIRING, plant=bench.plant), bench.driver)


@contextmanager
def with_manners(*truth):
    """The drivers as the embedded host shows them to experiments."""
    with in_process(*truth) as enter:
        link, driver = enter()
        yield lambda: (link, lambda kind: network.Client(kind, driver(kind)))


@contextmanager
def over_sockets(*truth, **environment):
    """The drivers in another process."""
    with twin(*SMALL, *truth, seed=5, **environment) as port, ExitStack() as ends:
        place = {"module": "sim_backend.laboratory", "twin": f"[::1]:{port}"}

        def enter():
            link = Link(None, WIRING, **place)
            ends.callback(link.close)
            return link, driver

        def driver(kind):
            client = Client("::1", port, kind)
            ends.callback(client.close_rpc)
            return client

        yield enter


def by_stand_in(*truth):
    """Served by the stand-in for sipyco, even where the client is the real one's."""
    return over_sockets(*truth, PYTHONPATH=os.pathsep.join(map(str, (SITE, ROOT))))


ROUTES = {
    "in process": in_process,
    "with the manners of the network": with_manners,
    "sockets": by_stand_in,
    "sipyco": over_sockets,
}
PARAMS = [pytest.param(name, marks=REAL if name == "sipyco" else ()) for name in ROUTES]


def begin(link):
    """Return the time at which a test begins: what was to be read out has been."""
    # A remote plant starts at 0 for each link.
    start = getattr(link.plant, "now_mu", 0) + 100 * MS
    link.sync(start)
    return start


def trigger(link, start, *times_ms):
    """Trigger the camera at times after a start, and wait for the frames."""
    for time in times_ms:
        at = start + time * MS
        link.output(at, "ttl_camera", "level", 1)
        link.output(at + 1000, "ttl_camera", "level", 0)
    link.sync(start + (max(times_ms) + 10) * MS)


@contextmanager
def refused(kind, match):
    """Expect an error of ours, be it in the network's words."""
    with pytest.raises(Exception, match=match) as caught:
        yield
    error = restored(caught.value) or caught.value
    assert type(error) is kind, caught.value


def assert_answers(device, simulated=True):
    """A driver answers, and says in plain values what it is."""
    assert device.ping() is True
    status = device.status()
    assert status["simulated"] is simulated
    assert all(
        type(value) in (str, bool, int, float, list) for value in status.values()
    )
