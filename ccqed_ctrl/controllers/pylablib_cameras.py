"""Andor and Hamamatsu cameras, by pylablib over their makers' libraries.

pylablib (extra `pylablib`) is under the GPL, version 3: it runs in the controller's
process, and nothing else here imports it. Not known from either camera: triggers that
it ignored, while busy or before it was armed; they show as missing frames only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pylablib.devices.Andor import AndorError, AndorSDK2Camera
from pylablib.devices.DCAM import DCAMCamera, DCAMError

from ccqed_ctrl import checks
from ccqed_ctrl.errors import (
    CcqedError,
    DeviceError,
    DeviceTimeoutError,
    ParameterError,
)

from .frames import checked_region, not_present, reply

#: An exposure is the camera's if it can be had to this fraction.
EXPOSURE_TOLERANCE: Final = 0.1
NOTHING: Final = np.empty((0, 0, 0), np.uint16)


class _Camera:
    """Satisfies `ccqed_ctrl.protocols.Camera` over an opened camera of pylablib."""

    def __init__(self, camera: Any, bits: int) -> None:
        if not 8 < bits <= 16:
            raise ParameterError(
                f"camera: frames must be of 9 to 16 bits a pixel; they are of {bits}"
            )
        self._camera, self._full_scale = camera, 2**bits - 1
        #: What is read out unless an arming says otherwise.
        self._own = list(camera.get_roi()[:4])
        self._armings, self._present, self._wanted = 0, -1, 0
        self._exposure = 0.0
        #: Frames (n, ny, nx), and what the maker tells of each.
        self._taken: NDArray[np.uint16] = NOTHING
        self._about: list[Any] = []

    def ping(self) -> bool:
        """Return True while the camera answers."""
        with _saying("camera"):
            return bool(self._camera.is_opened() and self._camera.get_status())

    def arm(self, frames: int, exposure: float, region: Sequence[int] = ()) -> int:
        """Prepare for `frames` triggers of `exposure` s; return an arm id.

        region: see `protocols.Camera`.

        Raises
        ------
        ParameterError
            Fewer than one frame, an exposure that the camera cannot do to 10 %, or a
            region that it cannot do exactly.
        DeviceError
            The camera is gone, or its buffer does not hold as many frames.
        """
        count = checks.integer("camera frames", frames, 1, 10_000)
        wanted = checks.number("camera exposure", exposure, 0, unit="s")
        with _saying("camera"):
            self._drop()
            self._cut(region)
            self._exposure = self._expose(wanted)
            self._camera.setup_acquisition("snap", nframes=count)
            self._camera.start_acquisition()
            room = self._camera.get_frames_status().buffer_size
            if room < count:
                self._drop()
                raise DeviceError(
                    f"camera: its buffer holds {room} frames of this size, not {count};"
                    " take fewer, or a smaller region"
                )
        self._wanted, self._armings = count, self._armings + 1
        self._present = self._armings
        return self._present

    def _cut(self, region: Sequence[int]) -> None:
        """Read out a region, the one that was set up without."""
        wanted = self._own
        if len(region):
            sensor = self._camera.get_detector_size()
            left, top, columns, rows = checked_region(region, *sensor)
            wanted = [left, left + columns, top, top + rows]
        if wanted != list(self._camera.get_roi()[:4]):
            _cut(self._camera, wanted)

    def _expose(self, wanted: float) -> float:
        """Set the exposure, and return the one that the camera then has, s."""
        with _refusing(f"camera exposure: {wanted:g} s"):
            used = float(self._camera.set_exposure(wanted))
        if abs(used - wanted) > EXPOSURE_TOLERANCE * wanted or wanted == 0:
            raise ParameterError(
                f"camera exposure: {wanted:g} s is not possible; nearest is {used:g} s"
            )
        return used

    def fetch(
        self, arm_id: int, timeout: float, first: int = 0, most: int = 0
    ) -> dict[str, Any]:
        """Return what the arming recorded, once all frames or the time have come.

        The first frames that are fetched end the arming: what comes later is not added.

        Raises
        ------
        DeviceTimeoutError
            No frame within `timeout` s.
        DeviceError
            The arming is not the present one, or the camera is gone.
        ParameterError
            `first` or `most` is negative.
        """
        start = checks.integer("camera frames: first", first, 0)
        count = checks.integer("camera frames: most", most, 0)
        seconds = checks.number("camera timeout", timeout, 0, unit="s")
        if arm_id != self._present:
            raise not_present(arm_id)
        if not len(self._taken):
            with _saying("camera"):
                self._collect(seconds)
        if not len(self._taken):
            raise DeviceTimeoutError(
                f"camera: no frame within {seconds:g} s; the trigger never came, or "
                "came before the camera was armed"
            )
        part = slice(start, start + count if count else None)
        return reply(
            self._taken[part].copy(),
            [one.frame_index for one in self._about[part]],
            # What is told in us, by Hamamatsu's cameras alone.
            [1e-6 * getattr(one, "timestamp_us", np.nan) for one in self._about[part]],
            recorded=len(self._taken), wanted=self._wanted, exposure=self._exposure,
            full_scale=self._full_scale,
        )  # fmt: skip

    def _collect(self, timeout: float) -> None:
        """Take over the frames that come until all have, or the time is over."""
        with suppress(self._camera.TimeoutError):  # what came is taken
            self._camera.wait_for_frame(
                since="start", nframes=self._wanted, timeout=timeout
            )
        frames, about = self._camera.read_multiple_images(
            rng=(0, self._wanted), return_info=True
        )
        if frames:
            self._camera.stop_acquisition()
            self._taken = np.array(frames, np.uint16)
            self._about = list(about)

    def abort(self) -> None:
        """Drop the current arming."""
        with _saying("camera"):
            self._drop()

    def _drop(self) -> None:
        self._camera.clear_acquisition()
        self._taken, self._about, self._present = NOTHING, [], -1

    def close(self) -> None:
        """Let the camera go."""
        with _saying("camera"):
            self._camera.close()


class Andor(_Camera):
    """An Andor camera of SDK 2 (iXon, Luca, Newton), triggered by wire at each frame.

    index: which of those connected. temperature: of the cooler, in degrees Celsius.
    gain: electron multiplication, 0 for none. region: first column, last + 1, first
    row, last + 1, of the whole sensor without. amplifier: channel, output amplifier,
    horizontal speed, preamplifier, by their numbers; the slowest without. fan: full,
    low or off. The shutter is open while the driver lives.

    Raises
    ------
    DeviceError
        No such camera, it is in use, or SDK 2 is not installed.
    ParameterError
        A setting that the camera does not have.
    """

    def __init__(
        self,
        index: int = 0,
        temperature: float | None = None,
        gain: int = 0,
        region: Sequence[int] = (),
        amplifier: Sequence[int] = (),
        fan: str = "full",
    ) -> None:
        with _opened(
            lambda: AndorSDK2Camera(idx=index, temperature=temperature, fan_mode=fan)
        ) as camera:
            camera.set_image_indexing("rct")
            camera.set_trigger_mode("ext")
            camera.setup_shutter("open")
            if amplifier:
                camera.set_amp_mode(*amplifier)
                _as_asked("amplifier", camera.get_amp_mode(full=False), amplifier)
            if gain:
                camera.set_EMCCD_gain(gain)
                _as_asked("gain", camera.get_EMCCD_gain()[:1], [gain])
            _cut(camera, region)
            super().__init__(camera, camera.get_channel_bitdepth())

    def status(self) -> dict[str, Any]:
        """Return model and state; `temperature` of the sensor in degrees Celsius."""
        with _saying("camera"):
            about = self._camera.get_device_info()
            return {
                "model": f"Andor {about.head_model}",
                "serial": str(about.serial_number),
                "simulated": False,
                "armed": bool(self._camera.acquisition_in_progress()),
                "temperature": float(self._camera.get_temperature()),
                "cooling": str(self._camera.get_temperature_status()),
            }


class Hamamatsu(_Camera):
    """A Hamamatsu camera of DCAM (ORCA and others), triggered by wire at each frame.

    index: which of those connected. region: as `Andor`'s. attributes: any of DCAM by
    its name, in small letters and with underscores, and its number, set in the given
    order: ``readout_speed=1 defect_correct_mode=1``.

    Raises
    ------
    DeviceError
        No such camera, it is in use, or DCAM is not installed.
    ParameterError
        An attribute or region that it does not have.
    """

    def __init__(
        self, index: int = 0, region: Sequence[int] = (), **attributes: float
    ) -> None:
        with _opened(lambda: DCAMCamera(idx=index)) as camera:
            camera.set_trigger_mode("ext")
            camera.setup_ext_trigger(invert=False)
            _cut(camera, region)
            for name, value in attributes.items():
                camera.set_attribute_value(name, value)
            bits = int(camera.get_attribute_value("BIT PER CHANNEL"))
            super().__init__(camera, bits)

    def status(self) -> dict[str, Any]:
        """Return model and state."""
        with _saying("camera"):
            about = self._camera.get_device_info()
            return {
                "model": f"Hamamatsu {about.model}",
                "serial": str(about.serial_number),
                "simulated": False,
                "armed": bool(self._camera.acquisition_in_progress()),
            }


VENDORS: Final = (AndorError, DCAMError)


@contextmanager
def _saying(doing: str) -> Iterator[None]:
    """Make the vendor's errors errors of ours."""
    try:
        yield
    except VENDORS as error:
        raise DeviceError(f"{doing}: {error}") from error


@contextmanager
def _refusing(asked: str) -> Iterator[None]:
    """Make what the vendor refuses a parameter that is wrong."""
    try:
        yield
    except (*VENDORS, TypeError, ValueError) as error:
        if isinstance(error, CcqedError):
            raise
        raise ParameterError(f"{asked}: {error}") from error


@contextmanager
def _opened(make: Any) -> Iterator[Any]:
    """Open a camera, and close it again if its settings are refused."""
    try:
        camera = make()
    # AttributeError: SDK 2 asks for a function that Python has on Windows only.
    except (*VENDORS, OSError, AttributeError) as error:
        raise DeviceError(
            f"camera: cannot be opened: {error}; is its maker's library installed, and "
            "its own program closed?"
        ) from error
    try:
        with _refusing("camera settings"):
            yield camera
    except BaseException:
        camera.close()
        raise


def _cut(camera: Any, region: Sequence[int]) -> None:
    """Read out the region only: pylablib takes the nearest without a word."""
    if region:
        camera.set_roi(*region)
        _as_asked("region", camera.get_roi()[:4], region)


def _as_asked(name: str, found: Sequence[Any], asked: Sequence[Any]) -> None:
    if [int(one) for one in found] != [int(one) for one in asked]:
        raise ParameterError(
            f"camera {name}: {list(asked)} is not possible; nearest is {list(found)}"
        )
