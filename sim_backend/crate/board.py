"""The core device's cards: what hangs on which RTIO channel and on the I2C buses.

Built from the device database alone, whoever drives it: the interpreting drivers,
ARTIQ's own drivers, or compiled kernels. What the database describes wrongly is refused
when its device is asked for, by name; everything else works.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ccqed_ctrl.errors import CcqedError, DeviceError

from . import catalogue
from .cards import BUILDERS, Chip
from .chips.i2c import I2cBus
from .plant import parts, resolve
from .rtio import Rtio
from .slack import CostModel
from .time_manager import TimeManager


class Board:
    """RTIO core, channels and buses of one device database, driving `link`.

    Parameters
    ----------
    device_db
        ARTIQ's form, real or simulated; only devices of `artiq.coredevice` matter.
    link
        Where outputs go and inputs come from, a `crate.link.Link`.
    ref_period
        Machine unit, s.
    ref_multiplier
        Machine units in a coarse cycle.
    """

    def __init__(
        self,
        device_db: Mapping[str, Any],
        link: Any,
        ref_period: float = 1e-9,
        ref_multiplier: int = 8,
    ) -> None:
        self.device_db = device_db
        self.link = link
        self.ref_period = ref_period
        self.cursor = TimeManager(ref_period)
        self.rtio = Rtio(link, self.cursor, CostModel(), ref_multiplier)
        self._buses: dict[int, I2cBus] = {}
        self._chips: dict[str, Chip] = {}
        #: Kernels that have been started, the present one included.
        self.kernels = 0
        #: Why devices of the database cannot be had, by key.
        self.refusals: dict[str, CcqedError] = {}
        #: RTIO channels that several cards are described on, in words.
        self.clashes: list[str] = []
        self._channels: dict[int, str] = {}
        keys = [k for k in sorted(device_db) if not isinstance(device_db[k], str)]
        self._own = [key for key in keys if not catalogue.kind(device_db[key])]
        # ARTIQ's own tester describes counters on channels that an Urukul has: what
        # other devices are made of comes first.
        made_of = parts(device_db)
        for key in sorted(keys, key=lambda key: key not in made_of):
            self._place(key)

    def chip(self, name: str) -> Chip:
        """Return what the board has for a device, by name or alias.

        Raises
        ------
        DeviceError
            There is nothing by this name, or what the database says of it is wrong.
        """
        key = resolve(self.device_db, name)
        self._place(key)
        if key in self.refusals:
            raise self.refusals[key]
        if key not in self._chips:
            message = (
                f"device {key!r} is no card of the simulated core device; there are "
                f"{catalogue.known()}"
            )
            raise DeviceError(message)
        return self._chips[key]

    def claim(self, key: str, channel: int) -> None:
        """Take an RTIO channel for a device.

        Raises
        ------
        DeviceError
            Another device has it.
        """
        holder = self._channels.setdefault(channel, key)
        if holder != key:
            message = (
                f"RTIO channel {channel:#x} of {key} is already {holder}; correct the "
                "device_db"
            )
            self.clashes.append(message)
            raise DeviceError(message)

    def adopt(self) -> None:
        """Make the chips of a laboratory's own drivers that derive from ARTIQ's.

        Their modules need not be loaded before somebody asks for them.
        """
        for key in self._own:
            self._place(key)
        self._own = [key for key in self._own if key not in self._chips]

    def bus(self, number: int) -> I2cBus:
        """Return an I2C bus of the core device."""
        if number not in self._buses:
            self._buses[number] = I2cBus(lambda: self.rtio.spend(self.rtio.costs.i2c))
        return self._buses[number]

    def _place(self, key: str) -> None:
        """Make a device's chips, and first those they hang on; remember a refusal."""
        if key in self._chips or key in self.refusals:
            return
        entry = self.device_db[key]
        own = not catalogue.kind(entry)
        kind = catalogue.inherited(entry) if own else catalogue.kind(entry)
        if kind not in BUILDERS:
            return
        twin = next((k for k in self._chips if self.device_db[k] == entry), None)
        if twin is not None:  # ARTIQ shares one driver between equal descriptions
            self._chips[key] = self._chips[twin]
            return
        circle = f"device {key!r} of the device_db is made of itself"
        self.refusals[key] = DeviceError(circle)
        try:
            arguments = entry.get("arguments", {})
            if own:  # its constructor may take more than that of ARTIQ's class
                known = inspect.signature(BUILDERS[kind]).parameters
                arguments = {k: v for k, v in arguments.items() if k in known}
            self._chips[key] = BUILDERS[kind](self, key, **arguments)
            del self.refusals[key]
        except CcqedError as error:
            self.refusals[key] = error
        except (TypeError, ValueError, KeyError) as error:
            message = f"device {key!r} of the device_db is not a {kind}: {error}"
            self.refusals[key] = DeviceError(message)
