"""Frames of a camera that may be another process: fetched here, and told of there."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.errors import DeviceError, MissingDataError
from ccqed_ctrl.protocols import Camera

#: Bytes of frames that travel at once: what is being sent exists several times.
PIECE: Final = 16 << 20


def fetch(camera: Camera, arm_id: int, timeout: float) -> dict[str, Any]:
    """Return everything that an arming recorded (`protocols.Camera.fetch`).

    Raises
    ------
    DeviceTimeoutError, DeviceError
        As the camera says.
    """
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
    return piece | {"frames": frames, "sequence": sequence, "saturated": saturated}


def fetch_whole(camera: Camera, arm_id: int, timeout: float) -> dict[str, Any]:
    """Return an arming of which no frame is missing.

    Raises
    ------
    DeviceTimeoutError, DeviceError
        As `fetch`.
    MissingDataError
        Frames are missing.
    """
    taken = fetch(camera, arm_id, timeout)
    if missing := taken["missing"]:
        raise MissingDataError(
            f"camera: {missing} of {missing + taken['recorded']} frames missing; check "
            "the trigger line and the readout time"
        )
    return taken


def reply(
    frames: NDArray[np.uint16],
    sequence: Any,
    *,
    recorded: int,
    wanted: int,
    exposure: float,
    full_scale: float,
) -> dict[str, Any]:
    """Return what `protocols.Camera.fetch` promises of some frames of an arming.

    Parameters
    ----------
    frames : (n, ny, nx)
        Those that were asked for.
    sequence : (n,) int
        Numbers of their triggers.
    recorded, wanted
        Frames of the arming, that were taken and that it was for.
    exposure
        As used, s.
    full_scale
        Counts from which a pixel is saturated.
    """
    clipped = np.count_nonzero(frames >= full_scale, axis=(1, 2))
    return {
        "frames": frames,
        "sequence": np.array(sequence, np.int64),
        "recorded": recorded,
        "exposure": exposure,
        "missing": wanted - recorded,
        "saturated": clipped.astype(np.int64),
    }


def not_present(arm_id: int) -> DeviceError:
    """Return the error of an arming that is not the present one."""
    return DeviceError(
        f"camera: arming {arm_id} is not the present one; it was aborted or armed again"
    )
