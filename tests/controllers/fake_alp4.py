"""What the driver of ViALUX's DMDs uses of ALP4lib, without any board.

`mirrors` is what the mirrors show: a picture (rows, columns) of bool.
"""

from __future__ import annotations

import ctypes
from contextlib import contextmanager

import numpy as np

from tests.controllers.faked import faked

CONSTANTS = {
    "ALP_DEVICE_NUMBER": 2000,
    "ALP_DEV_STATE": 2002,
    "ALP_AVAIL_MEMORY": 2003,
    "ALP_BIN_MODE": 2104,
    "ALP_BIN_UNINTERRUPTED": 2106,
}
BUSY, IDLE = 1100, 1102
ERRORS = {
    1001: "The specified ALP device has not been found or is not ready.",
    1005: "One of the parameters is invalid.",
    1007: "The requested memory is not available (full?).",
    1008: "The sequence specified is currently in use.",
}


class ALPError(Exception):
    def __init__(self, error_code):
        super().__init__(ERRORS[error_code])


class ALP4:
    """A board of 256 x 192 mirrors."""

    OUTSIDE = ("known", "mirrors")
    memory, serial, last = 12, 4711, None

    def __init__(self, version="4.3", libDir=None):  # noqa: N803
        if version not in ("4.3", "5.1"):
            raise ValueError("Version not supported.")
        if libDir is not None:
            raise OSError(f"{libDir}/libalp43.so: cannot open shared object file")
        type(self).last = self
        self._pictures, self._modes, self._running = {}, {}, None
        self._allocated = False

    def Initialize(self, DeviceNum=None):  # noqa: N802, N803
        if DeviceNum not in (None, self.serial):
            raise ALPError(1001)
        self.nSizeX, self.nSizeY, self._allocated = 256, 192, True

    def known(self, sequence):
        """Refuse what the board would."""
        if not self._allocated:
            raise ALPError(1001)
        if sequence is not None and id(sequence) not in self._pictures:
            raise ALPError(1005)

    def SeqAlloc(self, nbImg=1, bitDepth=1):  # noqa: N802, N803
        self.known(None)
        if len(self._pictures) + nbImg > self.memory:
            raise ALPError(1007)
        assert (nbImg, bitDepth) == (1, 1)
        sequence = ctypes.c_long(len(self._pictures))
        self._pictures[id(sequence)] = (sequence, None)
        return sequence

    def SeqPut(self, imgData, SequenceId=None):  # noqa: N802, N803
        self.known(SequenceId)
        if SequenceId is self._running:
            raise ALPError(1008)
        assert (imgData.shape, imgData.dtype) == ((256 * 192,), np.uint8)
        self._pictures[id(SequenceId)] = (SequenceId, imgData.reshape(192, 256) >= 128)

    def SeqControl(self, controlType, value, SequenceId=None):  # noqa: N802, N803
        self.known(SequenceId)
        assert (controlType, value) == (2104, 2106)
        self._modes[id(SequenceId)] = "no times yet"

    def SetTiming(self, SequenceId=None):  # noqa: N802, N803
        self.known(SequenceId)
        self._modes[id(SequenceId)] = "uninterrupted"

    def FreeSeq(self, SequenceId=None):  # noqa: N802, N803
        self.known(SequenceId)
        # The real one prints this, and goes on.
        assert SequenceId is not self._running, "the sequence is in use"
        del self._pictures[id(SequenceId)]

    def Run(self, SequenceId=None, loop=True):  # noqa: N802, N803
        self.known(SequenceId)
        assert loop
        assert self._running is None, "it would wait for its turn"
        assert self._pictures[id(SequenceId)][1] is not None
        assert self._modes[id(SequenceId)] == "uninterrupted"
        self._running = SequenceId

    def Halt(self):  # noqa: N802
        self.known(None)
        self._running = None

    def DevInquire(self, inquireType):  # noqa: N802, N803
        self.known(None)
        return {
            2000: self.serial,
            2002: IDLE if self._running is None else BUSY,
            2003: self.memory - len(self._pictures),
        }[inquireType]

    def Free(self):  # noqa: N802
        self.known(None)
        assert self._running is None, "not in idle state"
        self._allocated, self._pictures = False, {}

    @property
    def mirrors(self):
        return self._pictures[id(self._running)][1]


@contextmanager
def drivers():
    """Give the module of the driver, over this."""
    fakes = {"ALP4": {"ALP4": ALP4, "ALPError": ALPError, **CONSTANTS}}
    with faked("ccqed_ctrl.controllers.vialux", fakes) as made:
        yield made
