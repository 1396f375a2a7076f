"""What the devices were: recorded with the data, never asked to decide anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def backend(device_db: Mapping[str, Any]) -> str:
    """Return "hardware" if the core device is ARTIQ's own driver, else "simulation".

    Anything that is not certainly the laboratory counts as simulation, so that a
    simulated result cannot pass for a measured one.
    """
    core = device_db.get("core", {})
    module = core.get("module", "") if isinstance(core, Mapping) else ""
    real = str(module).startswith("artiq.coredevice.")
    return "hardware" if real else "simulation"
