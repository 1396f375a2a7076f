"""Who plays which role in this laboratory's device database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccqed_ctrl.errors import DeviceError
from sim_backend.crate.plant import players, resolve

#: DDS channels of the laboratory; each also has its RF switch as "<role>_switch".
TONES = ("pump_plus", "pump_minus", "longitudinal", "local_oscillator")
#: The other roles a device or alias of the same name must play.
OTHER_ROLES = ("ttl_camera", "ttl_prepare", "noise_gate", "pump_servo", "photodiodes")
#: All of them.
ROLES = (*TONES, *(f"{tone}_switch" for tone in TONES), *OTHER_ROLES)
#: The probe's tone, and the counter of its photons.
PROBE, COUNTER = "probe", "transmission"
#: Roles that a laboratory may do without: a tone, and what counts its photons.
OPTIONAL_ROLES = (PROBE, f"{PROBE}_switch", COUNTER)


def roles(device_db: Mapping[str, Any]) -> dict[str, str]:
    """Return role to device_db key, aliases followed.

    Raises
    ------
    DeviceError
        A role that nobody plays, or two on one line.
    """
    optional = [role for role in (PROBE, COUNTER) if role in device_db]
    found = players((*TONES, *OTHER_ROLES, *optional))(device_db)
    for tone in (*TONES, *optional[: PROBE in optional]):
        role = f"{tone}_switch"
        switch = device_db[found[tone]].get("arguments", {}).get("sw_device")
        if switch is None:
            message = (
                f"role {role!r} is missing: {found[tone]} names no sw_device, so its "
                "light could not be switched off"
            )
            raise DeviceError(message)
        found[role] = resolve(device_db, switch)
    _check_distinct(device_db, found)
    return found


def _check_distinct(device_db: Mapping[str, Any], found: Mapping[str, str]) -> None:
    """Refuse roles that share a line: the same device, or two of one description."""
    # By text: descriptions are dictionaries.
    lines: dict[str, str] = {}
    for role, key in found.items():
        other = lines.setdefault(repr(device_db[key]), role)
        if other != role:
            raise DeviceError(
                f"roles {other!r} ({found[other]}) and {role!r} ({key}) are one line; "
                "each needs a device of its own: correct the device_db"
            )


def counter_of(wiring: Mapping[str, str]) -> str | None:
    """Return the device that counts; None where there is no probe or no counter."""
    return wiring.get(COUNTER) if PROBE in wiring else None
