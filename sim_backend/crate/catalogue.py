"""Which devices of ARTIQ the twin has: drivers by module of `artiq.coredevice`."""

from __future__ import annotations

import sys
from collections.abc import Mapping

#: Classes of `artiq.coredevice` that exist in `sim_backend.crate.drivers`, by module.
SIMULATED: dict[str, frozenset[str]] = {
    "ad53xx": frozenset({"AD53xx"}),
    "ad9910": frozenset({"AD9910"}),
    "cache": frozenset({"CoreCache"}),
    "core": frozenset({"Core"}),
    "dma": frozenset({"CoreDMA"}),
    "edge_counter": frozenset({"EdgeCounter"}),
    "fastino": frozenset({"Fastino"}),
    "grabber": frozenset({"Grabber"}),
    "i2c": frozenset({"I2CSwitch", "PCF8574A", "TCA6424A"}),
    "kasli_i2c": frozenset({"KasliEEPROM"}),
    "sampler": frozenset({"Sampler"}),
    "spi2": frozenset({"SPIMaster"}),
    "ttl": frozenset({"TTLOut", "TTLInOut", "TTLClockGen"}),
    "urukul": frozenset({"CPLD"}),
    "zotino": frozenset({"Zotino"}),
}

REAL, TWIN = "artiq.coredevice.", "sim_backend.crate.drivers."


def kind(entry: Mapping[str, object]) -> str:
    """Return ``module.Class`` of a local device by ARTIQ's name, empty for others."""
    module = str(entry.get("module", ""))
    for prefix in (REAL, TWIN):
        if module.startswith(prefix):
            return f"{module.removeprefix(prefix)}.{entry['class']}"
    return ""


def inherited(entry: Mapping[str, object]) -> str:
    """Return what a laboratory's own class derives from, empty unless it is loaded."""
    module = sys.modules.get(str(entry.get("module")))
    own = getattr(module, str(entry.get("class")), None)
    bases = getattr(own, "__mro__", ())
    kinds = (kind({"module": b.__module__, "class": b.__name__}) for b in bases)
    return next(filter(None, kinds), "")


def known() -> str:
    """Return the classes there are, for a message."""
    return ", ".join(sorted(name for names in SIMULATED.values() for name in names))
