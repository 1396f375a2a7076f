"""Fetching frames from a camera that may be another process."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ccqed_ctrl.errors import CcqedError, DeviceError, restored
from ccqed_ctrl.protocols import Camera

#: Bytes of frames that travel at once: what is being sent exists several times.
PIECE: Final = 16 << 20


def fetch(camera: Camera, arm_id: int, timeout: float) -> dict[str, Any]:
    """Return everything that an arming recorded (`protocols.Camera.fetch`).

    Raises
    ------
    DeviceTimeoutError, DeviceError
        As the camera says, be it over the network.
    """
    try:
        piece = camera.fetch(arm_id, timeout, 0, 1)
        recorded, shape = piece["recorded"], piece["frames"].shape[1:]
        most = max(1, PIECE // piece["frames"].nbytes)
        frames = np.empty((recorded, *shape), piece["frames"].dtype)
        sequence, saturated = np.empty((2, recorded), np.int64)
        first = 0
        while True:
            part = slice(first, first := first + len(piece["frames"]))
            frames[part], sequence[part] = piece["frames"], piece["sequence"]
            saturated[part] = piece["saturated"]
            if first >= recorded:
                break
            piece = camera.fetch(arm_id, timeout, first, most)
    except Exception as error:  # sipyco need not be there for its class
        if known := restored(error):
            raise known from error
        if isinstance(error, (OSError, EOFError)) and not isinstance(error, CcqedError):
            raise DeviceError(
                f"camera: its controller is gone ({error}); does it run?"
            ) from error
        raise
    return piece | {"frames": frames, "sequence": sequence, "saturated": saturated}
