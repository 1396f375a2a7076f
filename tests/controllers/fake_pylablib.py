"""What the drivers of pylablib's cameras use of it, without any camera.

Frames are made by `edge`, a trigger on the camera's wire, which the real ones have too.
"""

from __future__ import annotations

from collections import namedtuple
from contextlib import contextmanager

import numpy as np

from tests.controllers.faked import faked

Status = namedtuple("TFramesStatus", ["acquired", "unread", "skipped", "buffer_size"])
Info = namedtuple("TFrameInfo", ["frame_index"])
StampedInfo = namedtuple("TFrameInfo", ["frame_index", "timestamp_us"])
#: A frame and its readout take as long, ms.
BUSY = 10


class VendorError(RuntimeError):
    pass


class AndorError(VendorError):
    pass


class AndorTimeoutError(AndorError):
    pass


class DCAMError(VendorError):
    pass


class DCAMTimeoutError(DCAMError):
    pass


class Camera:
    """What both have; the sensor is of 64 x 48."""

    OUTSIDE = ("edge", "info", "usable")
    connected, room, longest, step = 1, 1000, 10.0, 2
    last = None

    def __init__(self, idx=0):
        if idx >= self.connected:
            raise self.Error(
                f"camera index {idx} is not available ({self.connected} cameras exist)"
            )
        type(self).last = self
        self._open, self._running, self._snap = True, False, None
        self._roi, self._trigger = (0, 64, 0, 48), "int"
        self._exposure, self._frames, self._free_at = 0.0, [], -np.inf

    def usable(self):
        if not self._open:
            raise self.Error("camera is not opened")

    def close(self):
        self._open = self._running = False

    def is_opened(self):
        return self._open

    def acquisition_in_progress(self):
        self.usable()
        return self._running

    def set_trigger_mode(self, mode):
        self.usable()
        if mode not in ("int", "ext", "software"):
            raise ValueError(f"trigger mode {mode}")
        self._trigger = mode
        return mode

    def set_exposure(self, exposure):
        self.usable()
        if exposure > self.longest:
            raise self.Error("function 'SetExposureTime' raised error 20066(INVALID)")
        self._exposure = max(1e-6, round(exposure, 6))
        return self._exposure

    def set_roi(self, hstart=0, hend=None, vstart=0, vend=None, hbin=1, vbin=1):
        self.usable()
        # As the real ones: the nearest that is possible.
        if self._running:
            raise self.Error("function 'SetImage' raised error 20072(ACQUIRING)")
        sides = (hstart, hend, vstart, vend)
        hstart, hend, vstart, vend = (self.step * (one // self.step) for one in sides)
        self._roi = (hstart, min(hend, 64), vstart, min(vend, 48))
        return self.get_roi()

    def get_roi(self):
        self.usable()
        return (*self._roi, 1, 1)

    def get_detector_size(self):
        self.usable()
        return (64, 48)

    def setup_acquisition(self, mode="sequence", nframes=100):
        self.usable()
        if self._running or mode != "snap":
            raise self.Error(f"cannot set up {mode} now")
        self._snap = nframes

    def clear_acquisition(self):
        self.usable()
        self._running, self._snap, self._frames = False, None, []

    def start_acquisition(self):
        self.usable()
        if self._snap is None:
            raise self.Error("acquisition is not set up")
        self._running, self._frames, self._free_at = True, [], -np.inf
        self._edges = []

    def stop_acquisition(self):
        self.usable()
        self._running = False

    def get_frames_status(self):
        self.usable()
        size = min(self._snap, self.room) if self._running else 0
        return Status(len(self._frames), len(self._frames), 0, size)

    def wait_for_frame(
        self, since="lastread", nframes=1, timeout=20.0, error_on_stopped=False
    ):
        self.usable()
        if since != "start" or timeout is None:
            raise ValueError("this driver waits for all, and not for ever")
        if not self._running:
            return False
        if len(self._frames) < nframes:
            raise self.TimeoutError
        return True

    def read_multiple_images(
        self, rng=None, peek=False, missing_frame="skip", return_info=False
    ):
        self.usable()
        if self._snap is None:
            return (None, None)
        numbers = range(rng[0], min(rng[1], len(self._frames)))
        return [self._frames[n] for n in numbers], [self.info(n) for n in numbers]

    def info(self, number):
        return Info(number)

    def edge(self, time_ms):
        """A rising edge of the trigger, at a time."""
        if not (self._running and self._trigger == "ext"):
            return
        if len(self._frames) < self._snap and time_ms >= self._free_at:
            self._free_at = time_ms + BUSY
            left, right, top, bottom = self._roi
            image = np.add.outer(np.arange(top, bottom) * 64, np.arange(left, right))
            image = (image + len(self._frames)).astype("<u2")
            image[2, 3] = 2**self.bits - 1
            self._frames.append(image)
            self._edges.append(time_ms)


class AndorSDK2Camera(Camera):
    Error, TimeoutError = AndorError, AndorTimeoutError
    bits = 14

    def __init__(self, idx=0, temperature=None, fan_mode="off"):
        super().__init__(idx)
        if fan_mode not in ("full", "low", "off"):
            raise ValueError(f"fan mode {fan_mode}")
        self._shutter, self._gain, self._amplifier = "closed", 0, (0, 0, 0, 0)
        self._temperature = temperature

    def get_status(self):
        self.usable()
        return "acquiring" if self._running else "idle"

    def get_device_info(self):
        self.usable()
        return namedtuple("I", "controller_model head_model serial_number")(
            "CCI", "DU897", 4711
        )

    def set_image_indexing(self, indexing):
        self.usable()
        if indexing != "rct":
            raise ValueError("the first row of our frames is the upper one")

    def setup_shutter(self, mode, ttl_mode=0, open_time=None, close_time=None):
        self.usable()
        self._shutter = mode

    def set_amp_mode(self, channel=None, oamp=None, hsspeed=None, preamp=None):
        self.usable()
        self._amplifier = (channel, oamp, min(hsspeed, 3), preamp)

    def get_amp_mode(self, full=True):
        self.usable()
        return self._amplifier

    def get_channel_bitdepth(self, channel=None):
        self.usable()
        return self.bits

    def set_EMCCD_gain(self, gain, advanced=None):  # noqa: N802
        self.usable()
        if gain > 300:
            raise AndorError("function 'SetEMCCDGain' raised error 20066(INVALID)")
        self._gain = gain

    def get_EMCCD_gain(self):  # noqa: N802
        self.usable()
        return self._gain, False

    def get_temperature(self):
        self.usable()
        return -60.5

    def get_temperature_status(self):
        self.usable()
        return "stabilized"

    def edge(self, time_ms):
        """A shutter that is closed gives nothing worth reading."""
        if self._shutter == "open":
            super().edge(time_ms)


class DCAMCamera(Camera):
    Error, TimeoutError = DCAMError, DCAMTimeoutError
    bits = 16

    def info(self, number):
        return StampedInfo(number, 5_000_000_000 + 1000 * self._edges[number])

    def __init__(self, idx=0):
        super().__init__(idx)
        self._attributes = {"bit_per_channel": self.bits, "readout_speed": 2}

    def get_status(self):
        self.usable()
        return "busy" if self._running else "ready"

    def get_device_info(self):
        self.usable()
        return namedtuple("I", "vendor model serial_number camera_version")(
            "Hamamatsu", "C15550-20UP", "S/N: 000815", "1.0"
        )

    def setup_ext_trigger(self, invert=False, delay=0.0):
        self.usable()

    def get_attribute_value(self, name, enum_as_str=False):
        self.usable()
        return self._attributes[name.lower().replace(" ", "_")]

    def set_attribute_value(self, name, value, error_on_missing=True):
        self.usable()
        if name not in self._attributes:
            raise DCAMError(f"attribute {name} is missing")
        self._attributes[name] = value


@contextmanager
def drivers():
    """Give the module of the drivers, over these."""
    fakes = {
        "pylablib.devices.Andor": {
            "AndorSDK2Camera": AndorSDK2Camera,
            "AndorError": AndorError,
        },
        "pylablib.devices.DCAM": {"DCAMCamera": DCAMCamera, "DCAMError": DCAMError},
    }
    with faked("ccqed_ctrl.controllers.pylablib_cameras", fakes) as made:
        yield made
