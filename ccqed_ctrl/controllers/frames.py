"""Frames of a camera that may be another process: fetched here, and told of there."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.errors import DeviceError, MissingDataError, ParameterError
from ccqed_ctrl.protocols import Camera

#: Bytes of frames that travel at once: what is being sent exists several times.
PIECE: Final = 16 << 20
#: What is told of each frame.
EACH: Final = ("sequence", "timestamps", "saturated")


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
    made = {key: np.empty(recorded, piece[key].dtype) for key in EACH}
    first = 0
    while True:
        part = slice(first, first := first + len(piece["frames"]))
        frames[part] = piece["frames"]
        for key, values in made.items():
            values[part] = piece[key]
        if first >= recorded:
            break
        piece = camera.fetch(arm_id, timeout, first, most)
    return piece | {"frames": frames, **made}


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
    timestamps: Any,
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
    timestamps : (n,) float, s
        On the camera's clock; NaN where it does not tell.
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
        "timestamps": np.array(timestamps, np.float64),
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


def checked_region(region: Any, columns: int, rows: int) -> tuple[int, int, int, int]:
    """Return first column, first row, columns and rows of a region of a sensor.

    Raises
    ------
    ParameterError
        Not four whole numbers, or pixels that the sensor does not have.
    """
    values = list(region) if isinstance(region, list | tuple | np.ndarray) else []
    if len(values) != 4:
        raise ParameterError(
            "camera region: must be first column, first row, columns and rows; got "
            f"{region!r}"
        )
    left = checks.integer("camera region: first column", values[0], 0, columns - 1)
    top = checks.integer("camera region: first row", values[1], 0, rows - 1)
    width = checks.integer("camera region: columns", values[2], 1, columns - left)
    height = checks.integer("camera region: rows", values[3], 1, rows - top)
    return left, top, width, height
