"""What the protocols promise, on every implementation and by every route."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from sipyco.pc_rpc import Client

from ccqed_ctrl.controllers import frames
from ccqed_ctrl.errors import (
    DeviceError,
    DeviceTimeoutError,
    LimitError,
    ParameterError,
    ShapeError,
    restored,
)
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
def in_process():
    """The drivers themselves."""
    bench = Bench(TRUTH.resolve(TRUTH.parse(SMALL)), 5)
    yield lambda: (Link(None, WIRING, plant=bench.plant), bench.driver)


@contextmanager
def with_manners():
    """The drivers as the embedded host shows them to experiments."""
    with in_process() as enter:
        link, driver = enter()
        yield lambda: (link, lambda kind: network.Client(kind, driver(kind)))


@contextmanager
def over_sockets(**environment):
    """The drivers in another process."""
    with twin(*SMALL, seed=5, **environment) as port, ExitStack() as ends:
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


ROUTES = {
    "in process": in_process,
    "with the manners of the network": with_manners,
    # Served by the stand-in, even where the client is the real sipyco's.
    "sockets": lambda: over_sockets(PYTHONPATH=os.pathsep.join(map(str, (SITE, ROOT)))),
    "sipyco": over_sockets,
}


@pytest.fixture(
    scope="module",
    params=[pytest.param(r, marks=REAL if r == "sipyco" else ()) for r in ROUTES],
)
def route(request):
    with ROUTES[request.param]() as enter:
        yield enter


@pytest.fixture
def lab(route):
    """Link and drivers, as if nobody had been here."""
    link, driver = route()
    found = {kind: driver(kind) for kind in ("camera", "dmd", "tweezers")}
    found["camera"].abort()
    found["dmd"].blank()
    found["tweezers"].set_positions(np.empty((0, 2)))
    # A remote plant starts at 0 for each link. Whatever was read out has been.
    start = getattr(link.plant, "now_mu", 0) + 100 * MS
    link.sync(start)
    return SimpleNamespace(link=link, start=start, **found)


@contextmanager
def refused(kind, match):
    """Expect an error of ours, be it in the network's words."""
    with pytest.raises(Exception, match=match) as caught:
        yield
    error = restored(caught.value) or caught.value
    assert type(error) is kind, caught.value


def trigger(lab, *times_ms):
    for time in times_ms:
        at = lab.start + time * MS
        lab.link.output(at, "ttl_camera", "level", 1)
        lab.link.output(at + 1000, "ttl_camera", "level", 0)
    lab.link.sync(lab.start + (max(times_ms) + 10) * MS)


# Every network driver ---------------------------------------------------------------


@pytest.mark.parametrize("kind", ["camera", "dmd", "tweezers"])
def test_it_answers_and_says_what_it_is(lab, kind):
    device = getattr(lab, kind)
    assert device.ping() is True
    status = device.status()
    assert status["simulated"] is True
    assert status["model"].startswith("simulated ")
    # Plain values only.
    assert all(
        type(value) in (str, bool, int, float, list) for value in status.values()
    )


# Camera -----------------------------------------------------------------------------


def test_each_trigger_is_a_frame(lab):
    arm_id = lab.camera.arm(3, 50e-6)
    assert type(arm_id) is int
    trigger(lab, 1, 41)
    taken = lab.camera.fetch(arm_id, 1.0)
    assert taken["frames"].shape == (2, 32, 32)
    assert taken["frames"].dtype == np.uint16
    np.testing.assert_array_equal(taken["sequence"], [0, 1])
    assert taken["sequence"].dtype == taken["saturated"].dtype == np.int64
    # Offset 500 is full scale here: of the dark frames' pixels, about half.
    expected = np.count_nonzero(taken["frames"] >= 500, axis=(1, 2))
    np.testing.assert_array_equal(taken["saturated"], expected)
    assert np.all(expected > 300)
    assert (taken["recorded"], taken["missing"]) == (2, 1)
    assert taken["exposure"] == pytest.approx(50e-6)


def test_a_trigger_too_early_is_counted_and_lost(lab):
    arm_id = lab.camera.arm(2, 50e-6)
    trigger(lab, 1, 2, 41)
    taken = lab.camera.fetch(arm_id, 1.0)
    np.testing.assert_array_equal(taken["sequence"], [0, 2])


def test_frames_are_fetched_in_pieces(lab):
    arm_id = lab.camera.arm(4, 50e-6)
    trigger(lab, 1, 41, 81, 121)
    whole = lab.camera.fetch(arm_id, 1.0)
    assert len({frame.tobytes() for frame in whole["frames"]}) == 4
    for first, most, numbers in ((0, 1, [0]), (1, 2, [1, 2]), (3, 5, [3]), (9, 1, [])):
        piece = lab.camera.fetch(arm_id, 1.0, first, most)
        assert (piece["recorded"], piece["missing"]) == (4, 0)
        for key in ("frames", "sequence", "saturated"):
            np.testing.assert_array_equal(piece[key], whole[key][numbers], key)


@pytest.mark.parametrize("piece", [1, 3 * 2048, frames.PIECE])
def test_pieces_make_the_whole(lab, monkeypatch, piece):
    monkeypatch.setattr(frames, "PIECE", piece)
    arm_id = lab.camera.arm(4, 50e-6)
    trigger(lab, 1, 41, 81, 121)
    whole, made = lab.camera.fetch(arm_id, 1.0), frames.fetch(lab.camera, arm_id, 1.0)
    assert set(made) == set(whole)
    for key, value in whole.items():
        np.testing.assert_array_equal(made[key], value)
        assert np.asarray(made[key]).dtype == np.asarray(value).dtype


def test_no_frame_is_a_timeout(lab):
    arm_id = lab.camera.arm(1, 50e-6)
    lab.link.sync(lab.start + 100 * MS)
    with refused(DeviceTimeoutError, "no frame within 2.5 s"):
        lab.camera.fetch(arm_id, 2.5)
    # Whoever fetches in pieces gets it as an error of ours by every route.
    with pytest.raises(DeviceTimeoutError, match="^camera: no frame within 2.5 s"):
        frames.fetch(lab.camera, arm_id, 2.5)


def test_only_the_present_arming_can_be_fetched(lab):
    former, present = lab.camera.arm(1, 1e-5), lab.camera.arm(1, 1e-5)
    assert former != present
    with refused(DeviceError, "not the present one"):
        lab.camera.fetch(former, 1.0)
    lab.camera.abort()
    with refused(DeviceError, "aborted"):
        lab.camera.fetch(present, 1.0)


@pytest.mark.parametrize(
    ("frames", "exposure"), [(0, 1e-5), (1.5, 1e-5), (1, 0.0), (1, 1.1), (1, None)]
)
def test_bad_armings_are_refused(lab, frames, exposure):
    with refused(ParameterError, "camera"):
        lab.camera.arm(frames, exposure)


@pytest.mark.parametrize(("first", "most"), [(-1, 1), (0, -1), (0.5, 1)])
def test_bad_pieces_are_refused(lab, first, most):
    arm_id = lab.camera.arm(1, 1e-5)
    trigger(lab, 1)
    with refused(ParameterError, "camera frames: "):
        lab.camera.fetch(arm_id, 1.0, first, most)


# DMD --------------------------------------------------------------------------------


def test_patterns_are_shown_by_handle(lab):
    assert lab.dmd.displayed() == -1
    one = lab.dmd.load("one", SITES, np.array([1.0, -1.0, 0.5]))
    two = lab.dmd.load("two", SITES.tolist(), [0.0, 0.0, 1.0])
    assert type(one) is int
    assert lab.dmd.displayed() == -1
    for handle in (one, two, one):
        lab.dmd.display(handle)
        assert lab.dmd.displayed() == handle
    lab.dmd.blank()
    assert lab.dmd.displayed() == -1


def test_a_name_that_is_taken_gives_up_its_pattern(lab):
    first, second, third = (lab.dmd.load("cue", SITES, np.ones(3)) for _ in range(3))
    assert len({first, second, third}) == 3
    with refused(DeviceError, f"no pattern {second}"):
        lab.dmd.display(second)
    lab.dmd.display(third)
    fourth = lab.dmd.load("cue", SITES, np.ones(3))
    assert lab.dmd.displayed() == third  # and can be shown again
    lab.dmd.display(third)
    lab.dmd.display(fourth)


def test_an_unknown_handle_is_refused(lab):
    for handle in (-1, 10**9):
        with refused(DeviceError, f"no pattern {handle}"):
            lab.dmd.display(handle)


@pytest.mark.parametrize(
    ("positions", "amplitudes", "kind"),
    [
        (SITES, [1.0], ShapeError),
        (SITES[:, :1], np.ones(3), ShapeError),
        (SITES, [1.0, np.nan, 0.0], ShapeError),
        # A phase other than 0 or half a turn is not on offer.
        (SITES, np.array([1.0, 1j, 0.0]), ShapeError),
        (SITES, [1.0, 1.01, 0.0], LimitError),
        (SITES, [1.0, -1.01, 0.0], LimitError),
    ],
)
def test_bad_patterns_are_refused(lab, positions, amplitudes, kind):
    loaded = lab.dmd.status()["patterns"]
    with refused(kind, "DMD"):
        lab.dmd.load("bad", positions, amplitudes)
    assert lab.dmd.status()["patterns"] == loaded


# Tweezers ---------------------------------------------------------------------------


def test_sites_are_where_they_were_told_to_be(lab):
    assert lab.tweezers.positions().shape == (0, 2)
    lab.tweezers.set_positions(SITES)
    np.testing.assert_array_equal(lab.tweezers.positions(), SITES)
    assert lab.tweezers.status()["sites"] == 3


@pytest.mark.parametrize("bad", [np.zeros(2), np.zeros((2, 3)), [[np.nan, 0.0]], "a"])
def test_bad_positions_are_refused(lab, bad):
    with refused(ShapeError, "tweezer positions"):
        lab.tweezers.set_positions(bad)
    assert lab.tweezers.positions().shape == (0, 2)


def test_sites_out_of_reach_are_refused(lab):
    with refused(LimitError, "reach 500 um .* a site is at 510 um"):
        lab.tweezers.set_positions([[0.0, 0.0], [-510e-6, 0.0]])


# Arrays are the caller's own ----------------------------------------------------------


def test_arrays_travel_by_copy(lab):
    sites = SITES.copy()
    lab.tweezers.set_positions(sites)
    sites[:] = 0
    lab.tweezers.positions()[:] = 0
    np.testing.assert_array_equal(lab.tweezers.positions(), SITES)


def test_the_same_seed_gives_the_same_frames_by_every_route():
    made = []
    for enter in (in_process, ROUTES["sockets"]):
        with enter() as entered:
            link, driver = entered()
            lab = SimpleNamespace(link=link, start=0)
            tweezers, camera = driver("tweezers"), driver("camera")
            tweezers.set_positions(SITES)
            arm_id = camera.arm(1, 50e-6)
            trigger(lab, 1)
            made.append(camera.fetch(arm_id, 1.0)["frames"])
    np.testing.assert_array_equal(*made)
