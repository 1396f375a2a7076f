"""ViALUX DMDs, by ALP4lib over the vendor's ALP library (extra `vialux`).

Spots become mirrors by `ccqed_ctrl.model.dmd_pixels`. Each pattern is a sequence of one
picture in the board's memory, shown without a dark phase until another is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import ALP4
import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.errors import DeviceError, ParameterError
from ccqed_ctrl.model.dmd_pixels import Mirrors, mirror_pattern

#: What ALP_DEV_STATE is while a sequence is shown (alp.h; ALP4lib does not have it).
BUSY: Final = 1100


class Vialux:
    """Satisfies `ccqed_ctrl.protocols.PatternModulator`.

    version: of the ALP library. library: the folder it is in, where it is installed
    without. serial: which DMD, 0 for the first that is found. optics: the fields of
    `ccqed_ctrl.model.dmd_pixels.Mirrors`, SI: how the mirrors are imaged onto the
    midplane, and the carrier. Columns and rows are those of the device.

    Raises
    ------
    DeviceError
        No such DMD, it is in use, or the ALP library is not installed.
    ParameterError
        A field that `Mirrors` does not have, or a value that it refuses.
    """

    def __init__(
        self, version: str | float = "4.3", library: str = "", serial: int = 0,
        **optics: Any,
    ) -> None:  # fmt: skip
        # What is not the optics' is said before the board is touched.
        self._mirrors = Mirrors.from_dict(optics)
        if not {"columns", "rows"}.isdisjoint(optics):
            raise ParameterError("DMD: columns and rows are those of the device")
        with _saying("cannot be opened"):
            self._board = ALP4.ALP4(version=str(version), libDir=library or None)
            self._board.Initialize(serial or None)
        try:
            self._mirrors = self._mirrors.replace(
                columns=self._board.nSizeX, rows=self._board.nSizeY
            )
            with _saying("cannot be set up"):
                self._serial = self._board.DevInquire(ALP4.ALP_DEVICE_NUMBER)
                self._dark = self._upload(np.zeros(self._shape(), np.bool_))
                self._show(-1, self._dark)
        except BaseException:
            self._board.Free()
            raise
        #: Name and sequence of each handle.
        self._patterns: dict[int, tuple[str, Any]] = {}
        self._loads = 0

    def _shape(self) -> tuple[int, int]:
        return self._mirrors.rows, self._mirrors.columns

    def ping(self) -> bool:
        """Return True while the board answers."""
        with _saying("does not answer"):
            return bool(self._board.DevInquire(ALP4.ALP_DEV_STATE))

    def status(self) -> dict[str, Any]:
        """Return model and what is loaded; `room`: pictures that memory still holds."""
        rows, columns = self._shape()
        with _saying("does not answer"):
            room = int(self._board.DevInquire(ALP4.ALP_AVAIL_MEMORY))
        return {
            "model": f"ViALUX DMD {columns} x {rows}",
            "serial": str(self._serial),
            "simulated": False,
            "patterns": [name for name, _ in self._patterns.values()],
            "displayed": self.displayed(),
            "room": room,
        }

    def load(self, name: str, positions: Any, amplitudes: Any) -> int:
        """Upload spots: positions (N, 2) m, amplitudes (N,) real, |f| <= 1.

        A name that is taken gives up its pattern, unless that is being shown.

        Raises
        ------
        ShapeError
            Other shapes, complex or infinite numbers.
        LimitError
            An amplitude beyond full scale, a spot beyond the mirrors, or spots that
            overlap to more than the mirrors can.
        DeviceError
            The board's memory is full, or it is gone.
        """
        pattern = mirror_pattern(positions, amplitudes, self._mirrors)
        with _saying(f"{name!r} is not loaded"):
            sequence = self._upload(pattern)
            # Not before: what does not fit costs no pattern that was there.
            self._forget(name)
        handle, self._loads = self._loads, self._loads + 1
        self._patterns[handle] = (name, sequence)
        return handle

    def _forget(self, name: str) -> None:
        """Give up the patterns of a name but the one that is shown."""
        for handle, (taken, sequence) in list(self._patterns.items()):
            if taken == name and handle != self._shown:
                del self._patterns[handle]
                self._board.FreeSeq(SequenceId=sequence)

    def _upload(self, pattern: NDArray[np.bool_]) -> Any:
        """Return the sequence of a pattern: one picture, of one bit."""
        sequence = self._board.SeqAlloc(nbImg=1, bitDepth=1)
        try:
            picture = np.where(pattern, np.uint8(255), np.uint8(0)).ravel()
            self._board.SeqPut(imgData=picture, SequenceId=sequence)
            self._board.SeqControl(
                ALP4.ALP_BIN_MODE, ALP4.ALP_BIN_UNINTERRUPTED, SequenceId=sequence
            )
            # The mode asks for new times, be they the default ones.
            self._board.SetTiming(SequenceId=sequence)
        except BaseException:
            self._board.FreeSeq(SequenceId=sequence)
            raise
        return sequence

    def display(self, handle: int) -> None:
        """Show an uploaded pattern, over and over.

        Raises
        ------
        DeviceError
            No such handle, or the board is gone.
        """
        if handle not in self._patterns:
            raise DeviceError(
                f"dmd: no pattern {handle}; {len(self._patterns)} are loaded"
            )
        with _saying(f"pattern {handle} is not shown"):
            self._show(handle, self._patterns[handle][1])

    def _show(self, handle: int, sequence: Any) -> None:
        # Halted first: started on top of another, a sequence waits for its turn.
        self._board.Halt()
        self._shown = -1
        self._board.Run(SequenceId=sequence, loop=True)
        self._shown = handle

    def displayed(self) -> int:
        """Return the handle now shown; -1 when blank, or if the board shows nothing."""
        with _saying("does not answer"):
            shows = self._board.DevInquire(ALP4.ALP_DEV_STATE) == BUSY
        return self._shown if shows else -1

    def blank(self) -> None:
        """Turn every mirror off."""
        with _saying("is not blank"):
            self._show(-1, self._dark)

    def close(self) -> None:
        """Turn every mirror off, and let the board go."""
        with _saying("cannot be closed"):
            self._show(-1, self._dark)
            self._board.Halt()
            self._board.Free()


@contextmanager
def _saying(what: str) -> Iterator[None]:
    """Make the vendor's errors errors of ours."""
    try:
        yield
    # KeyError: of a number that ALP4lib has no words for.
    except (ALP4.ALPError, KeyError, OSError, ValueError) as error:
        raise DeviceError(
            f"dmd: {what}: {error}; is it on, and its library installed?"
        ) from error
