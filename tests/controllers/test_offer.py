"""What a server shows of a driver."""

from __future__ import annotations

import inspect
from typing import Protocol

import pytest

from ccqed_ctrl.controllers.offer import Offer, methods


class Lamp(Protocol):
    def on(self, power: float = 1.0) -> None:
        """Shine."""


class Driver:
    """A lamp of somebody's."""

    def __init__(self):
        self.power = 0.0

    def on(self, power: float = 1.0) -> None:
        """Shine with a power."""
        self.power = power

    def service(self) -> str:
        return "password"

    async def later(self) -> float:
        return self.power


def test_the_protocols_methods_and_no_others():
    driver = Driver()
    offer = Offer(driver, Lamp)
    offer.on(power=0.5)
    assert driver.power == 0.5
    public = [name for name in vars(offer) if not name.startswith("_")]
    assert public == methods(Lamp) == ["on"]
    with pytest.raises(AttributeError):
        offer.service()


def test_documentation_without_annotations():
    offer = Offer(Driver(), Lamp)
    assert inspect.getdoc(offer) == "A lamp of somebody's."
    assert inspect.getdoc(offer.on) == "Shine with a power."
    listed = inspect.getfullargspec(offer.on)
    assert (listed.args, listed.defaults, listed.annotations) == (["power"], (1.0,), {})


def test_a_coroutine_stays_one():
    made = Offer(Driver(), Driver).later()
    assert inspect.iscoroutine(made)
    made.close()


def test_what_the_driver_lacks_is_noticed_at_once():
    with pytest.raises(AttributeError, match="on"):
        Offer(object(), Lamp)
