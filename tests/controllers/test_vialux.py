"""ViALUX DMDs over a fake of ALP4lib: which mirrors are on, and the board's memory.

What every DMD promises is in tests/contracts/test_controllers.py.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from ccqed_ctrl.errors import DeviceError, LimitError, ParameterError
from ccqed_ctrl.model.dmd_pixels import Mirrors, midplane_field
from tests.controllers import fake_alp4
from tests.controllers.faked import differences

SPOTS = np.array([[20e-6, 0.0], [50e-6, 10e-6]])
OPTICS = {"pitch": 1e-6, "aperture": 0.7e6}


@pytest.fixture
def vialux():
    with fake_alp4.drivers() as module:
        yield module.Vialux


@pytest.fixture
def dmd(vialux):
    made = vialux(**OPTICS)
    yield made
    made.close()


def shown():
    return fake_alp4.ALP4.last.mirrors


def test_the_fake_has_no_methods_or_numbers_of_its_own():
    reason = "pip install 'ccqed-ctrl[vialux]'"
    pytest.importorskip("ALP4", reason=reason)
    real = importlib.import_module("ALP4")
    assert differences(fake_alp4.ALP4, real.ALP4) == []
    assert {name: getattr(real, name) for name in fake_alp4.CONSTANTS} == (
        fake_alp4.CONSTANTS
    )
    assert fake_alp4.ERRORS.items() <= real.ALP_ERRORS.items()


def test_the_mirrors_make_the_spots(dmd):
    assert not shown().any()
    dmd.display(dmd.load("cue", SPOTS, [1.0, -0.5]))
    mirrors = Mirrors(columns=256, rows=192, **OPTICS)
    field = midplane_field(shown(), mirrors)
    column, row = np.round(mirrors.places(SPOTS)).astype(int).T
    # Spots of 4 x 4 mirrors rms: their middle is theirs to a fifth.
    np.testing.assert_allclose(field[row, column], [1.0, -0.5], atol=0.2)
    dmd.blank()
    assert not shown().any()


def test_only_what_is_loaded_takes_memory(dmd):
    room = dmd.status()["room"]
    first = dmd.load("cue", SPOTS, [1.0, 0.0])
    dmd.display(first)
    for _ in range(30):
        dmd.load("cue", SPOTS, [0.0, 1.0])
    status = dmd.status()
    # The one that is shown, and the last.
    assert (status["patterns"], status["room"]) == (["cue", "cue"], room - 2)
    assert status["displayed"] == first


def test_memory_that_is_full_keeps_what_is_loaded(dmd, monkeypatch):
    handle = dmd.load("a", SPOTS, [1.0, 0.0])
    monkeypatch.setattr(fake_alp4.ALP4, "memory", 2)
    with pytest.raises(DeviceError, match="'b' is not loaded: The requested memory"):
        dmd.load("b", SPOTS, [1.0, 0.0])
    dmd.display(handle)
    assert dmd.displayed() == handle


def test_a_board_that_stopped_shows_nothing(dmd):
    dmd.display(dmd.load("a", SPOTS, [1.0, 0.0]))
    fake_alp4.ALP4.last.Halt()
    assert dmd.displayed() == -1


def test_a_spot_beyond_the_mirrors_is_refused(dmd):
    with pytest.raises(LimitError, match="spot 1 is on mirror 328"):
        dmd.load("far", [[0.0, 0.0], [200e-6, 0.0]], [1.0, 1.0])
    assert dmd.status()["patterns"] == []


def test_closing_turns_all_off_and_frees_the_board(vialux):
    dmd = vialux(serial=4711, **OPTICS)
    dmd.display(dmd.load("a", SPOTS, [1.0, 0.0]))
    dmd.close()
    assert not fake_alp4.ALP4.last._allocated
    with pytest.raises(DeviceError, match="dmd: does not answer: The specified ALP"):
        dmd.ping()


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"serial": 42}, DeviceError, "cannot be opened: The specified ALP device"),
        ({"version": 3.0}, DeviceError, "cannot be opened: Version not supported"),
        ({"library": "/x"}, DeviceError, "cannot be opened: /x/libalp43.so"),
        ({"pich": 1e-6}, ParameterError, "pich"),
        ({"pitch": 1.0}, ParameterError, "pitch"),
        ({"columns": 1024}, ParameterError, "columns and rows are those of the dev"),
    ],
)
def test_what_cannot_be_opened_is_said_in_a_sentence(vialux, settings, kind, message):
    with pytest.raises(kind, match=message):
        vialux(**settings)
