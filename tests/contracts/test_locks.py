"""What the protocol of the cavity's lock promises, by every route to the twin's."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ccqed_ctrl.errors import DeviceError
from ccqed_ctrl.units import angular
from tests.contracts.controller_routes import (
    MS,
    PARAMS,
    ROUTES,
    assert_answers,
    begin,
    refused,
)

#: Lost within 10 s but for once in e^50.
TRUTH = ("lock.noise=2pi*10kHz", "lock.loss_rate=5")


@pytest.fixture(scope="module", params=PARAMS)
def route(request):
    with ROUTES[request.param](*TRUTH) as enter:
        yield enter


@pytest.fixture
def lab(route):
    """Link and lock, locked."""
    link, driver = route()
    start = begin(link)
    lock = driver("lock")
    lock.relock()
    return SimpleNamespace(link=link, start=start, lock=lock)


def lose(lab):
    lab.link.sync(lab.start + 10_000 * MS)


def test_it_answers_and_says_what_it_is(lab):
    assert_answers(lab.lock)
    assert lab.lock.status()["state"] == "locked"


def test_it_is_locked_until_it_is_lost_and_locked_again(lab):
    assert lab.lock.state() == "locked"
    lose(lab)
    assert lab.lock.state() == "unlocked"
    assert lab.lock.status()["state"] == "unlocked"
    assert lab.lock.relock() is None
    assert lab.lock.state() == "locked"


def test_the_error_is_a_frequency(lab):
    error = lab.lock.error_rms()
    assert type(error) is float
    # 10 ms are 31 correlation times: right to a sixth, five sixths allowed.
    assert angular(10e3) / 6 < error < angular(10e3) * 11 / 6


def test_without_a_lock_there_is_no_error_signal(lab):
    lose(lab)
    with refused(DeviceError, "lock: the cavity is not locked"):
        lab.lock.error_rms()
    lab.lock.relock()
    assert lab.lock.error_rms() > 0
