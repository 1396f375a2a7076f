"""Which device_db key a driver has: ARTIQ does not tell its drivers."""

from __future__ import annotations

from typing import Any

from ccqed_ctrl.errors import DeviceError


def device_key(dmgr: Any, class_name: str, **identity: Any) -> str:
    """Return the key of the entry of that class whose arguments match `identity`.

    ARTIQ shares one driver between entries of equal description, so the first match is
    the driver's name.

    Raises
    ------
    DeviceError
        No entry of the device_db describes such a driver.
    """
    for key, entry in dmgr.get_device_db().items():
        if not isinstance(entry, dict) or entry.get("class") != class_name:
            continue
        arguments = entry.get("arguments", {})
        if all(arguments.get(name) == value for name, value in identity.items()):
            return key
    wanted = ", ".join(f"{name}={value!r}" for name, value in identity.items())
    raise DeviceError(f"the device_db has no {class_name} with {wanted}")
