"""Basler cameras, by the vendor's pylon library (extra `basler`).

Everything about the camera but the exposure is a GenICam feature, set by its own name:
region, pixel format, gain, which line triggers. Not known from a Basler: triggers that
it ignored, while busy or before it was armed; they show as missing frames only.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from pypylon import genicam, pylon

from ccqed_ctrl import checks
from ccqed_ctrl.errors import DeviceError, DeviceTimeoutError, ParameterError

from .frames import checked_region, not_present, reply

#: Set in this order, below what the settings say.
FEATURES: Final = {
    "PixelFormat": "Mono12",
    "TriggerSelector": "FrameStart",
    "TriggerSource": "Line1",
    "TriggerActivation": "RisingEdge",
    "TriggerMode": "On",
}
#: Counts at full scale of the formats that fit the protocol's frames.
FULL_SCALE: Final = {"Mono10": 1023, "Mono12": 4095, "Mono16": 65535}
#: The features of a region, and what its columns and rows are at the most.
REGION: Final = ("OffsetX", "OffsetY", "Width", "Height")
SENSOR: Final = ("WidthMax", "HeightMax")
#: Ticks of the camera's clock in a second.
TICKS: Final = 1e9
#: What the vendor calls its emulated camera.
EMULATED: Final = "BaslerCamEmu"


class Basler:
    """Satisfies `ccqed_ctrl.protocols.Camera`.

    serial: which camera, needed if there are several. features: GenICam features by
    name, set in the given order from the camera's default set: ``Width=512 Height=512
    OffsetX=256 Gain=3.0``. ``TriggerSource=Software`` needs no wire: the frames are
    then taken one after another, as they are fetched.

    Raises
    ------
    DeviceError
        Not one such camera, or it is in use.
    ParameterError
        A feature or value that it does not have, or frames other than of 10 to 16 bits.
    """

    def __init__(self, serial: str | int = "", **features: Any) -> None:
        self._camera = _open(str(serial))
        try:
            self._set(FEATURES | features)
        except BaseException:
            self._camera.Close()
            raise
        #: What is read out unless an arming says otherwise.
        self._own = [self._number(name) for name in REGION]
        self._armings = 0
        self._present = -1
        self._wanted = self._failed = 0
        self._exposure = 0.0
        #: The vendor's buffers are where the frames are kept.
        self._taken: list[Any] = []

    def _set(self, features: Mapping[str, Any]) -> None:
        with _saying("camera"):
            self._value("UserSetSelector", "Default")
            self._camera.NodeMap.GetNode("UserSetLoad").Execute()
            for name, value in features.items():
                self._value(name, value)
            pixels = self._camera.NodeMap.GetNode("PixelFormat").GetValue()
            self._software = (
                self._camera.NodeMap.GetNode("TriggerSource").GetValue() == "Software"
            )
        checks.choice("camera PixelFormat", pixels, FULL_SCALE)
        self._full_scale = FULL_SCALE[pixels]

    def _value(self, name: str, value: Any) -> None:
        """Set one feature."""
        node = self._camera.NodeMap.GetNode(name)
        if not hasattr(node, "SetValue") or not genicam.IsWritable(node):
            raise ParameterError(
                f"camera: {self._model()} has no feature {name!r} that can be set; "
                "its manual and pylon Viewer list them"
            )
        try:
            node.SetValue(value)
        except (TypeError, genicam.GenericException) as error:
            message = f"camera {name}: {value!r}: {_why(error)}"
            raise ParameterError(message) from error

    def _number(self, name: str) -> int:
        return int(self._camera.NodeMap.GetNode(name).GetValue())

    def _cut(self, region: Sequence[int]) -> None:
        """Read out a region, the one that was set up without."""
        wanted = self._own
        if len(region):
            # The largest sizes are those that fit beside the offsets.
            self._place(0, 0)
            sensor = [self._number(name) for name in SENSOR]
            wanted = list(checked_region(region, *sensor))
        if wanted != [self._number(name) for name in REGION]:
            self._place(0, 0)
            for name, value in zip(REGION[2:], wanted[2:], strict=True):
                self._value(name, value)
            self._place(*wanted[:2])

    def _place(self, left: int, top: int) -> None:
        for name, value in zip(REGION[:2], (left, top), strict=True):
            self._value(name, value)

    def _model(self) -> str:
        return str(self._camera.GetDeviceInfo().GetModelName())

    def ping(self) -> bool:
        """Return True while the camera is connected."""
        return not self._camera.IsCameraDeviceRemoved()

    def status(self) -> dict[str, Any]:
        """Return model and state; `failed`: buffers that came incomplete."""
        about = self._camera.GetDeviceInfo()
        emulated = about.GetDeviceClass() == EMULATED
        return {
            "model": f"Basler {about.GetModelName()}",
            "serial": str(about.GetSerialNumber()),
            "simulated": emulated,
            "armed": bool(self._camera.IsGrabbing()),
            "failed": self._failed,
        }

    def arm(self, frames: int, exposure: float, region: Sequence[int] = ()) -> int:
        """Prepare for `frames` triggers of `exposure` s; return an arm id.

        Memory for all frames is taken here. region: see `protocols.Camera`; cameras
        have steps for it.

        Raises
        ------
        ParameterError
            Fewer than one frame, an exposure outside of the camera's, or a region that
            it cannot do exactly.
        DeviceError
            The camera is gone.
        """
        count = checks.integer("camera frames", frames, 1, 10_000)
        with _saying("camera"):
            self._drop()
            self._cut(region)
            time_us = self._camera.NodeMap.GetNode("ExposureTime")
            least, most = 1e-6 * time_us.GetMin(), 1e-6 * time_us.GetMax()
            wanted = checks.number("camera exposure", exposure, least, most, "s")
            # Clipped, as the limits are off by a rounding.
            time_us.SetValue(1e6 * wanted, pylon.FloatValueCorrection_ClipToRange)
            self._exposure = 1e-6 * time_us.GetValue()
            self._camera.MaxNumBuffer.SetValue(count)
            self._camera.StartGrabbingMax(
                count, pylon.GrabStrategy_OneByOne, pylon.GrabLoop_ProvidedByUser
            )
        self._wanted, self._armings = count, self._armings + 1
        self._present = self._armings
        return self._present

    def fetch(
        self, arm_id: int, timeout: float, first: int = 0, most: int = 0
    ) -> dict[str, Any]:
        """Return what the arming recorded, once all frames or the time have come.

        The first frames that are fetched end the arming: what comes later is not added.

        Raises
        ------
        DeviceTimeoutError
            No whole frame within `timeout` s.
        DeviceError
            The arming is not the present one, or the camera is gone.
        ParameterError
            `first` or `most` is negative.
        """
        start = checks.integer("camera frames: first", first, 0)
        count = checks.integer("camera frames: most", most, 0)
        if arm_id != self._present:
            raise not_present(arm_id)
        with _saying("camera"):
            self._collect(checks.number("camera timeout", timeout, 0, unit="s"))
        if not self._taken:
            raise DeviceTimeoutError(
                f"camera: no frame within {timeout:g} s; the trigger never came, or "
                f"came before the camera was armed; {self._failed} came incomplete"
            )
        taken = self._taken[start : start + count if count else None]
        shape = (self._taken[0].Height, self._taken[0].Width)
        frames = np.empty((len(taken), *shape), np.uint16)
        for frame, result in zip(frames, taken, strict=True):
            frame[:] = result.Array
        # Pylon counts from 1, and what came incomplete as well.
        return reply(
            frames, [result.ImageNumber - 1 for result in taken],
            # The emulated camera has no clock.
            [result.TimeStamp / TICKS or np.nan for result in taken],
            recorded=len(self._taken), wanted=self._wanted, exposure=self._exposure,
            full_scale=self._full_scale,
        )  # fmt: skip

    def _collect(self, timeout: float) -> None:
        """Take over the frames that come until all have, or the time is over."""
        deadline = time.monotonic() + timeout
        while self._camera.IsGrabbing():
            left_ms = max(0, round(1e3 * (deadline - time.monotonic())))
            if self._software and self._camera.WaitForFrameTriggerReady(
                left_ms, pylon.TimeoutHandling_Return
            ):
                self._camera.ExecuteSoftwareTrigger()
            result = self._camera.RetrieveResult(left_ms, pylon.TimeoutHandling_Return)
            if not result.IsValid():
                break
            if result.GrabSucceeded():
                self._taken.append(result)
            else:
                self._failed += 1
        if self._taken:
            self._camera.StopGrabbing()

    def abort(self) -> None:
        """Drop the current arming."""
        with _saying("camera"):
            self._drop()

    def _drop(self) -> None:
        self._camera.StopGrabbing()
        for result in self._taken:
            result.Release()
        self._taken, self._failed, self._present = [], 0, -1

    def close(self) -> None:
        """Let the camera go."""
        with _saying("camera"):
            self._drop()
            self._camera.Close()


@contextmanager
def _saying(doing: str) -> Iterator[None]:
    """Make the vendor's errors errors of ours."""
    try:
        yield
    except genicam.GenericException as error:
        raise DeviceError(f"{doing}: {_why(error)}") from error


def _why(error: Exception) -> str:
    """Return what the vendor says, without where in their code."""
    return re.split(r"\n| : \w+ thrown", str(error))[0]


def _open(serial: str) -> Any:
    """Return the one camera of a serial number, opened."""
    factory = pylon.TlFactory.GetInstance()
    found = {about.GetSerialNumber(): about for about in factory.EnumerateDevices()}
    chosen = [about for number, about in found.items() if serial in ("", number)]
    if len(chosen) != 1:
        there = ", ".join(sorted(found)) or "none"
        which = f"a Basler of serial number {serial}" if serial else "one Basler"
        raise DeviceError(
            f"camera: wanted {which}, there are: {there}; is it connected, and closed "
            "in pylon Viewer?"
        )
    with _saying("camera: cannot be opened"):
        camera = pylon.InstantCamera(factory.CreateDevice(chosen[0]))
        camera.Open()
    return camera
