"""Turn a laboratory's device database into that of its twin: the one seam.

Keys and constructor arguments stay; classes change. Nothing is faked silently: a class
without a simulated counterpart is refused by name.
"""

from __future__ import annotations

from typing import Any

from ccqed_ctrl.errors import DeviceError

#: Classes of `artiq.coredevice` that exist in `sim_backend.coredevice`, by module.
SIMULATED: dict[str, frozenset[str]] = {
    "ad53xx": frozenset({"AD53xx"}),
    "ad9910": frozenset({"AD9910"}),
    "cache": frozenset({"CoreCache"}),
    "core": frozenset({"Core"}),
    "dma": frozenset({"CoreDMA"}),
    "edge_counter": frozenset({"EdgeCounter"}),
    "fastino": frozenset({"Fastino"}),
    "grabber": frozenset({"Grabber"}),
    "i2c": frozenset({"I2CSwitch"}),
    "kasli_i2c": frozenset({"KasliEEPROM"}),
    "sampler": frozenset({"Sampler"}),
    "spi2": frozenset({"SPIMaster"}),
    "ttl": frozenset({"TTLOut", "TTLInOut", "TTLClockGen"}),
    "urukul": frozenset({"CPLD"}),
    "zotino": frozenset({"Zotino"}),
}

#: Controllers that talk to the core device itself; the twin has nothing for them.
CORE_CONTROLLERS = frozenset({"core_log", "core_moninj", "core_analyzer"})

#: Controllers of the laboratory and the classes that stand in for them.
CONTROLLERS: dict[str, tuple[str, str]] = {
    "camera": ("sim_backend.controllers.camera", "SimulatedCamera"),
    "dmd": ("sim_backend.controllers.dmd", "SimulatedDmd"),
    "tweezers": ("sim_backend.controllers.tweezers", "SimulatedTweezers"),
}

#: DDS channels of the laboratory; each also has its RF switch as "<role>_switch".
TONES = ("pump_plus", "pump_minus", "longitudinal", "local_oscillator")
#: The other roles a device or alias of the same name must play.
OTHER_ROLES = ("ttl_camera", "ttl_prepare", "noise_gate", "pump_servo", "photodiodes")

_REAL, _TWIN = "artiq.coredevice.", "sim_backend.coredevice."
_PLANT = "plant"


def simulate(device_db: dict[str, Any]) -> dict[str, Any]:
    """Rewrite a device database in place for simulation, and return it.

    Every class becomes its simulated counterpart, the core device's own controllers
    are dropped, the laboratory's become local stand-ins, and the device `plant` is
    added with the wiring read from the laboratory names. A second call changes nothing.

    Raises
    ------
    DeviceError
        A class or controller without counterpart, or a role nobody plays; the message
        names it. The database is then left as it was.
    """
    if _PLANT in device_db:
        return device_db
    changed = {
        key: _simulated(key, entry)
        for key, entry in device_db.items()
        if key not in CORE_CONTROLLERS
    }
    changed[_PLANT] = {
        "type": "local",
        "module": "sim_backend.link",
        "class": "Link",
        "arguments": {"wiring": _wiring(device_db)},
    }
    device_db.clear()
    device_db.update(changed)
    return device_db


def _simulated(key: str, entry: Any) -> Any:
    """Return the simulated form of one entry; aliases stay."""
    if isinstance(entry, str):
        return entry
    kind = entry.get("type")
    if kind == "controller":
        return _stand_in(key)
    if kind != "local":
        message = f"device {key!r} of type {kind!r} has no simulated counterpart"
        raise DeviceError(message)
    module = entry["module"]
    name = module.removeprefix(_REAL)
    if module == name or entry["class"] not in SIMULATED.get(name, ()):
        message = (
            f"device {key!r} is a {module}.{entry['class']}, which is not simulated; "
            f"simulated are {_known()}"
        )
        raise DeviceError(message)
    return entry | {"module": _TWIN + name}


def _stand_in(key: str) -> dict[str, Any]:
    if key not in CONTROLLERS:
        message = (
            f"controller {key!r} has no simulated stand-in; there are "
            f"{', '.join(sorted(CONTROLLERS))}"
        )
        raise DeviceError(message)
    module, name = CONTROLLERS[key]
    return {"type": "local", "module": module, "class": name, "arguments": {}}


def _known() -> str:
    return ", ".join(sorted(name for names in SIMULATED.values() for name in names))


def _wiring(device_db: dict[str, Any]) -> dict[str, str]:
    """Return role to device_db key, aliases followed."""
    wiring = {role: _resolve(device_db, role) for role in (*TONES, *OTHER_ROLES)}
    for tone in TONES:
        role = f"{tone}_switch"
        switch = device_db[wiring[tone]].get("arguments", {}).get("sw_device")
        if switch is None:
            message = (
                f"role {role!r} is missing: {wiring[tone]} names no sw_device, so its "
                "light could not be switched off"
            )
            raise DeviceError(message)
        wiring[role] = _resolve(device_db, switch)
    return wiring


def _resolve(device_db: dict[str, Any], role: str) -> str:
    key: Any = role
    for _ in range(len(device_db) + 1):
        if key not in device_db:
            message = (
                f"role {role!r} is missing from the device_db: name the device that "
                f'plays it, as in device_db["{role}"] = "ttl4"'
            )
            raise DeviceError(message)
        if not isinstance(device_db[key], str):
            return key
        key = device_db[key]
    raise DeviceError(f"the alias {role!r} leads round in a circle")
