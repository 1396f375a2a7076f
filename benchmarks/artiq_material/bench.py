"""The crate that ARTIQ's device tests ask for, on the twin."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import sim_backend.host  # noqa: F401 - a laptop gets its `artiq` there
from sim_backend.ddb import simulate

#: What the tests want beside the Kasli that ARTIQ keeps for them.
ALIASES = {
    "led": "led0",
    "loop_clock_in": "ttl1",
    "loop_clock_out": "clock",
    **{f"urukul_ch{n}": f"urukul0_ch{n}" for n in range(4)},
}
CLOCK = {
    "type": "local",
    "module": "artiq.coredevice.ttl",
    "class": "TTLClockGen",
    "arguments": {"channel": 40},
}
WIRES = {"ttl4": ("ttl0", "ttl0_counter"), "clock": "ttl1"}

#: Urukuls with AD9910: arguments of their CPLD.
URUKULS: dict[str, dict[str, Any]] = {
    "revision 8": {"proto_rev": 8},
    "revision 9": {"proto_rev": 9},
    "revision 9, no io_update": {"proto_rev": 9, "io_update_device": None},
}
#: A fourth Urukul, whose second channel is another chip.
AD9912 = "AD9912"


def device_db(kasli: Path, urukul: str) -> dict[str, Any]:
    """Return ARTIQ's own tester database with what the tests also want, simulated."""
    made: dict[str, Any] = runpy.run_path(str(kasli))["device_db"]
    made |= ALIASES | {"clock": CLOCK}
    made["core"]["arguments"]["host"] = "127.0.0.1"
    arguments = made["urukul0_cpld"]["arguments"]
    arguments |= URUKULS.get(urukul, {})
    if not arguments["io_update_device"]:
        del arguments["io_update_device"]
    if urukul == AD9912:
        made["urukul0_ch1"] |= {"module": "artiq.coredevice.ad9912", "class": AD9912}
    return simulate(made, wires=WIRES)


def write(folder: Path, kasli: Path, urukul: str) -> None:
    """Write a device database of these tests, an ARTIQ_ROOT."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "device_db.py").write_text(
        "from pathlib import Path\n"
        f"from {__name__} import device_db as made\n\n"
        f"device_db = made(Path({str(kasli)!r}), {urukul!r})\n"
    )
