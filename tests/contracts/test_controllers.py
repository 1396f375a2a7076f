"""What the protocols promise, on every implementation and by every route.

Cameras: `test_cameras.py`, which has more of them. Drivers of real devices: a ViALUX
over a fake of its vendor's library, tweezers by slmsuite on its simulated modulator,
and by a Spectrum card over a fake of its vendor's library.
"""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from ccqed_ctrl.errors import DeviceError, LimitError, ParameterError, ShapeError
from tests.contracts.controller_routes import (
    PARAMS,
    ROUTES,
    SITES,
    assert_answers,
    begin,
    in_process,
    refused,
    trigger,
)
from tests.controllers import fake_alp4, fake_spcm, slm


@contextmanager
def vialux():
    with fake_alp4.drivers() as module:
        dmd = module.Vialux(pitch=1e-6, aperture=0.7e6)
        yield lambda: (None, {"dmd": dmd}.get)
        dmd.close()


@contextmanager
def slmsuite():
    install = "pip install 'ccqed-ctrl[slmsuite]'"
    pytest.importorskip("cv2", exc_type=ImportError, reason=install)
    module = pytest.importorskip("ccqed_ctrl.controllers.slm_tweezers", reason=install)
    tweezers = module.SlmTweezers(**slm.SETTINGS)
    yield lambda: (None, {"tweezers": tweezers}.get)
    tweezers.close()


@contextmanager
def spectrum():
    with fake_spcm.drivers() as module:
        tweezers = module.SpcmTweezers("/dev/spcm0", 12e-12, 12e-12, band=100e6)
        yield lambda: (None, {"tweezers": tweezers}.get)
        tweezers.close()


DRIVERS = {"ViALUX": vialux, "slmsuite": slmsuite, "Spectrum": spectrum}


@pytest.fixture(scope="module", params=[*PARAMS, *DRIVERS])
def route(request):
    with (ROUTES | DRIVERS)[request.param]() as enter:
        yield enter


class Lab(SimpleNamespace):
    """Link and drivers, those that a route has."""

    def __getattr__(self, name):
        pytest.skip(f"no {name} is driven by this route")


@pytest.fixture
def lab(route):
    """Link and drivers, as if nobody had been here."""
    link, driver = route()
    found = {kind: driver(kind) for kind in ("dmd", "tweezers")}
    if found["dmd"]:
        found["dmd"].blank()
    if found["tweezers"]:
        found["tweezers"].set_positions(np.empty((0, 2)))
    if link:
        begin(link)
    present = {kind: device for kind, device in found.items() if device}
    return Lab(link=link, **present)


# Every network driver ---------------------------------------------------------------


@pytest.mark.parametrize("kind", ["dmd", "tweezers"])
def test_it_answers_and_says_what_it_is(lab, kind):
    device = getattr(lab, kind)
    named = device.status()["model"].startswith("simulated ")
    assert_answers(device, simulated=named)
    assert named or lab.link is None  # what has a link is the twin


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


def test_an_image_of_the_sites_tells_which_hold_atoms(lab):
    assert lab.tweezers.occupied().shape == (0,)
    lab.tweezers.set_positions(SITES)
    seen = lab.tweezers.occupied()
    assert seen.dtype == bool
    np.testing.assert_array_equal(seen, [True, True, True])


@pytest.mark.parametrize("bad", [np.zeros(2), np.zeros((2, 3)), [[np.nan, 0.0]], "a"])
def test_bad_positions_are_refused(lab, bad):
    with refused(ShapeError, "tweezer positions"):
        lab.tweezers.set_positions(bad)
    assert lab.tweezers.positions().shape == (0, 2)


def test_traps_that_are_close_are_refused(lab):
    with refused(LimitError, "distance of sites"):
        lab.tweezers.set_positions([[20e-6, 0.0], [22e-6, 0.0]])
    assert lab.tweezers.positions().shape == (0, 2)


@pytest.mark.parametrize("other", [[-22e-6, 0.0], [0.0, 1e-6]])
def test_where_mirror_images_are_tweezers_do_not_know(lab, other):
    lab.tweezers.set_positions([[20e-6, 0.0], other])
    assert lab.tweezers.occupied().all()


def test_sites_out_of_reach_are_refused(lab):
    with refused(LimitError, "reach 500 um .* a site is at 510 um"):
        lab.tweezers.set_positions([[0.0, 0.0], [-510e-6, 0.0]])


#: Three traps, of which two stay on and change places, on a way around each other.
TIMES = np.array([0.0, 1e-3, 2e-3])
WAY = np.stack([SITES[[2, 0]], [[40e-6, 60e-6], [-40e-6, -30e-6]], SITES[[0, 2]]])


@pytest.fixture
def moving(lab):
    """Tweezers that hold three sites, of a kind that moves atoms."""
    lab.tweezers.set_positions(SITES)
    if "slmsuite" in lab.tweezers.status()["model"]:
        with refused(DeviceError, "cannot move atoms; set reservoir=0"):
            lab.tweezers.program([2, 0], TIMES, WAY)
        np.testing.assert_array_equal(lab.tweezers.positions(), SITES)
        pytest.skip("these do not")
    return lab.tweezers


def test_traps_carry_atoms_and_others_are_switched_off(moving):
    moving.program(np.array([2, 0]), TIMES, WAY)
    np.testing.assert_array_equal(moving.positions(), SITES[[0, 2]])
    np.testing.assert_array_equal(moving.occupied(), [True, True])
    assert moving.status()["sites"] == 2
    moving.program([1], [0.0], SITES[None, [2]].tolist())
    np.testing.assert_array_equal(moving.positions(), SITES[[2]])


@pytest.mark.parametrize(
    ("traps", "times", "way", "kind", "match"),
    [
        ([2, 3], TIMES, WAY, ParameterError, "from 0 to 2; got"),
        ([2, -1], TIMES, WAY, ParameterError, "from 0 to 2; got"),
        ([2, 0.5], TIMES, WAY, ParameterError, "from 0 to 2; got"),
        ([2, 2], TIMES, WAY, ParameterError, "named twice"),
        ([2, 0], TIMES + 1.0, WAY, ParameterError, "must rise from 0 s"),
        ([2, 0], [0.0, 1.0, 1.0], WAY, ParameterError, "must rise from 0 s"),
        ([2, 0], [], np.empty((0, 2, 2)), ParameterError, "must rise from 0 s"),
        ([0, 2], TIMES, WAY, ParameterError, "begin where the traps are"),
        ([2], TIMES, WAY, ShapeError, "paths of traps"),
        ([2, 0], TIMES[:2], WAY, ShapeError, "paths of traps"),
        ([[2, 0]], TIMES, WAY, ShapeError, "traps must have shape"),
        ([2, 0], TIMES, WAY * [1, np.nan], ShapeError, "paths of traps"),
        # Straight through each other.
        ([2, 0], TIMES[:2], WAY[[0, 2]], LimitError, "distance of sites"),
        ([0], TIMES[:2], [SITES[:1], [[0.0, 6e-4]]], LimitError, "reach 500 um"),
        ([0], TIMES, [SITES[:1], [[0, 6e-4]], SITES[:1]], LimitError, "reach 500"),
    ],
)
def test_moves_that_cannot_be_are_refused(moving, traps, times, way, kind, match):
    with refused(kind, match):
        moving.program(traps, times, np.asarray(way))
    np.testing.assert_array_equal(moving.positions(), SITES)
    assert moving.occupied().all()


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
            tweezers, camera = driver("tweezers"), driver("camera")
            tweezers.set_positions(SITES)
            arm_id = camera.arm(1, 50e-6)
            trigger(link, 0, 1)
            made.append(camera.fetch(arm_id, 1.0)["frames"])
    np.testing.assert_array_equal(*made)
