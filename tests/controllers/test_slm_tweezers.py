"""Tweezers by slmsuite, on its simulated modulator, seen by its simulated camera.

What all tweezers promise is in tests/contracts/test_controllers.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import DeviceError, LimitError, ParameterError
from ccqed_ctrl.model.layout import sample_layout
from tests.controllers.slm import FOCAL, SETTINGS

# slmsuite needs opencv, and that a graphics library of the system's.
INSTALL = "pip install 'ccqed-ctrl[slmsuite]'"
pytest.importorskip("cv2", exc_type=ImportError, reason=INSTALL)
driver = pytest.importorskip("ccqed_ctrl.controllers.slm_tweezers", reason=INSTALL)

#: What the camera sees of the midplane, m.
PIXEL, PIXELS = 0.5e-6, 512
#: In the middle of pixels: beside it a trap, 2.1 um wide, is dimmer by up to 9 %.
SITES = PIXEL * np.round(
    sample_layout(25, 35e-6, 12e-6, np.random.default_rng(3)) / PIXEL
)


@pytest.fixture
def made():
    """Return a function that makes tweezers of some more settings."""
    return lambda **more: driver.SlmTweezers(**SETTINGS | more)


def seen(tweezers):
    """Return the light (PIXELS, PIXELS) in the midplane, by slmsuite's own camera."""
    from slmsuite.hardware.cameras.simulated import SimulatedCamera

    camera = SimulatedCamera(tweezers._slm, (PIXELS, PIXELS), pitch_um=(0.5, 0.5))
    camera.set_affine(f_eff=FOCAL * 1e3, units="mm")
    return camera._render()


def traps(light, places):
    """Return peak (N,) and place (N, 2) m of the light next to places (N, 2) m."""
    peaks, found = [], []
    for x, y in places / PIXEL + PIXELS / 2:
        column, row = round(x), round(y)
        part = light[row - 4 : row + 5, column - 4 : column + 5]
        down, across = np.unravel_index(np.argmax(part), part.shape)
        peaks.append(part.max())
        found.append([column + across - 4, row + down - 4])
    return np.array(peaks), (np.array(found) - PIXELS / 2) * PIXEL


def test_traps_are_where_they_were_asked_for_and_equal(made):
    tweezers = made()
    tweezers.set_positions(SITES)
    assert tweezers.status()["spread"] < 0.001
    peaks, places = traps(seen(tweezers), SITES)
    np.testing.assert_allclose(places, SITES, atol=1e-9)
    # Phases of 8 bits, and the camera's interpolation: found 2.1 %.
    assert np.ptp(peaks) < 0.03 * np.mean(peaks)


def test_rotation_mirror_and_centre(made):
    about = {"centre_x": 10e-6, "centre_y": -5e-6, "rotation": 0.3, "mirrored": True}
    tweezers = made(**about)
    tweezers.set_positions(SITES)
    x, y = (SITES - [10e-6, -5e-6]).T
    cos, sin = np.cos(0.3), np.sin(0.3)
    wanted = np.column_stack([cos * x + sin * y, sin * x - cos * y])
    _, places = traps(seen(tweezers), wanted)
    np.testing.assert_allclose(places, wanted, atol=0.51e-6)


def test_the_same_sites_give_the_same_phase(made):
    tweezers, other = made(), made()
    for each in (tweezers, other):
        each.set_positions(SITES)
    np.testing.assert_array_equal(tweezers._slm.display, other._slm.display)


@pytest.mark.parametrize("sites", [SITES[:1], SITES[:2], SITES[:3]])
def test_a_few_traps_are_equal_too(made, sites):
    tweezers = made()
    tweezers.set_positions(sites)
    peaks, _ = traps(seen(tweezers), sites)
    assert np.ptp(peaks) < 0.03 * np.mean(peaks)


def test_sites_closer_than_a_trap_is_wide_are_refused_and_nothing_moves(made):
    tweezers = made(focal_length=35 * FOCAL)
    tweezers.set_positions(SITES[:1])
    before = tweezers._slm.display.copy()
    with pytest.raises(DeviceError, match="are sites closer than a trap is wide"):
        tweezers.set_positions([[20e-6, 0.0], [23.5e-6, 0.0], [-20e-6, 30e-6]])
    np.testing.assert_array_equal(tweezers._slm.display, before)
    np.testing.assert_array_equal(tweezers.positions(), SITES[:1])


def test_what_the_pixels_do_not_deflect_is_refused(made):
    with pytest.raises(LimitError, match="site 1 is beyond 272 um x 272 um about"):
        made().set_positions([[0.0, 10e-6], [280e-6, 0.0]])


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"slm": "none:None"}, ParameterError, "MODULE:CLASS of slmsuite"),
        ({"resoluton": [9, 9]}, ParameterError, "simulated:SimulatedSLM: .*resoluton"),
        ({"slm": "meadowlark:Meadowlark"}, (DeviceError, ParameterError), "Meadowlark"),
        ({"wavelength": 850}, ParameterError, "wavelength must"),
    ],
)
def test_what_cannot_be_opened_is_said_in_a_sentence(made, settings, kind, message):
    with pytest.raises(kind, match=message):
        made(**settings)
