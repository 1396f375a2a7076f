"""Tweezers by a Spectrum card over a fake of spcm: what it replays, and when.

What all tweezers promise is in tests/contracts/test_controllers.py.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from ccqed_ctrl.errors import DeviceError, LimitError, ParameterError
from tests.controllers import fake_spcm
from tests.controllers.faked import differences

SETTINGS = {"card": "/dev/spcm0", "scale_x": 12e-12, "scale_y": 12e-12}
GRID = np.array([[x, y] for x in (-20e-6, 20e-6) for y in (-10e-6, 10e-6)])


@pytest.fixture
def driver():
    with fake_spcm.drivers() as module:
        yield module


@pytest.fixture
def tweezers(driver):
    made = driver.SpcmTweezers(**SETTINGS)
    yield made
    made.close()


def card():
    return fake_spcm.Card.last


def test_the_fake_has_no_methods_or_numbers_of_its_own():
    try:
        real = importlib.import_module("spcm")
    except Exception as error:  # of spcm, without the vendor's driver
        pytest.skip(f"pip install 'ccqed-ctrl[spcm]', and the driver: {error}")
    parts = importlib.import_module("spcm.classes_sequence")
    for module, fakes in ((real, fake_spcm.CLASSES), (parts, fake_spcm.PARTS)):
        for fake in fakes:
            assert differences(fake, getattr(module, fake.__name__)) == [], fake
    assert {name: getattr(real, name) for name in fake_spcm.CONSTANTS} == (
        fake_spcm.CONSTANTS
    )
    assert issubclass(real.SpcmException, Exception)


def test_traps_are_repeated_until_others_are_wanted(tweezers):
    tweezers.set_positions(GRID)
    assert [card().walk() for _ in range(3)] == [0, 0, 0]
    samples = card().segments[0]
    heights = np.abs(np.fft.rfft(samples[0] / 2**15)) * 2 / samples.shape[1]
    tones = np.flatnonzero(heights > 0.1) * 625e6 / samples.shape[1]
    np.testing.assert_allclose(tones, 100e6 + np.array([-20, 20]) / 12e-6, atol=600)
    tweezers.set_positions(np.empty((0, 2)))
    assert not card()._running


def test_a_move_is_played_once_and_then_what_stands(tweezers):
    tweezers.set_positions(GRID)
    present = GRID
    for held, following in ((0, 2), (2, 0)):
        moved = present + [5e-6, 0.0]
        tweezers.program(range(4), [0.0, 1e-4], np.stack([present, moved]))
        assert [card().walk() for _ in range(2)] == [following] * 2
        played = card().played
        assert played.count(1) == 1 + (held == 2)
        assert played[played.index(1) - 1] == 0
        present = moved
    np.testing.assert_array_equal(tweezers.positions(), present)
    assert card().segments[1].shape[1] == 62_528  # 100 us


def test_a_card_that_does_not_follow_is_said(driver, tweezers, monkeypatch):
    tweezers.set_positions(GRID)
    monkeypatch.setattr(driver, "PATIENCE", 0.05)
    monkeypatch.setattr(fake_spcm.Card, "stuck", True)
    with pytest.raises(DeviceError, match="not at the end of its move"):
        tweezers.program(range(4), [0.0, 1e-4], np.stack([GRID, GRID]))
    np.testing.assert_array_equal(tweezers.positions(), GRID)


@pytest.mark.parametrize(
    ("setting", "kind", "message"),
    [
        ({"card": "/dev/spcm7"}, DeviceError, "no card /dev/spcm7"),
        ({"volts": 3.0}, DeviceError, "SPC_AMP0"),
        ({"volts": 7.0}, ParameterError, "volts"),
        ({"rate": 1e9}, DeviceError, "samples at 6.25e.08 Hz"),
        ({"scale_x": 1.0}, ParameterError, "scale_x"),
        ({"scale_x": 0.0}, ParameterError, "scale_x"),
    ],
)
def test_settings_that_the_card_does_not_have_are_refused(
    driver, setting, kind, message
):
    with pytest.raises(kind, match=message):
        driver.SpcmTweezers(**SETTINGS | setting)
    assert setting.get("card") or not card()._open


def test_what_the_deflectors_cannot_hold_is_refused(tweezers):
    with pytest.raises(LimitError, match="25 MHz off; the band of 40 MHz"):
        tweezers.set_positions([[300e-6, 0.0]])
    scattered = np.random.default_rng(0).permutation(20)
    with pytest.raises(LimitError, match="20 turns"):
        tweezers.set_positions(
            np.column_stack([np.arange(20), scattered]) * 10e-6 - 100e-6
        )
    assert tweezers.positions().shape == (0, 2)
