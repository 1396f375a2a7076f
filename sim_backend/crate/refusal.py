"""What stands in a simulated device database for a device that has no twin."""

from __future__ import annotations

from typing import Any, NoReturn

from ccqed_ctrl.errors import DeviceError


class Refused:
    """A device that cannot be had; asking for it says why."""

    def __new__(cls, dmgr: Any, reason: str) -> NoReturn:
        """Refuse.

        Raises
        ------
        DeviceError
            Always.
        """
        del dmgr
        raise DeviceError(reason)
