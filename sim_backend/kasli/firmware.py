"""What kernels ask of the firmware, answered by a board: RTIO, DMA, I2C, the cache.

The RTIO counter and the cursor are the CPU's while it runs, and handed to the board for
each call that needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np

from ccqed_ctrl.errors import TimelineError
from sim_backend.crate import syscalls
from sim_backend.crate.board import Board

from .cache import Cache, CacheBusyError
from .calls import Call
from .exceptions import NAMES, RaisedError
from .machine import Machine, PanicError
from .memory import RAM, WORDS, Cell

#: Output words that the CPU holds back while it records, and at most.
CAPACITY: Final = 1 << 16
#: A held-back word: cursor, counter, target, data.
_WORD: Final = np.dtype(
    [("now", "<i8"), ("counter", "<i8"), ("target", "<i4"), ("data", "<i4")]
)
#: Traces of DMA stand at multiples of this, as the firmware has them.
_ALIGNED = 64
#: Kinds of errors that are reported when a kernel ends, by their bits.
_ERRORS = ("collision", "busy", "sequence")

_UNDERFLOW = "RTIO underflow at channel {rtio_channel_info:0}, {1} mu"
_OVERFLOW = "RTIO input overflow on channel {rtio_channel_info:0}"
#: What a Kasli without satellites has not: class and reason, by the calls' first word.
_ABSENT = {
    "subkernel": ("SubkernelError", "no DRTIO satellite, so no subkernels"),
    "cxp": ("CXPError", "no CoaXPress grabber"),
    "spi": ("SPIError", "no SPI bus but those of RTIO"),
}
_REFUSED = (
    "subkernel_load_run", "subkernel_await_finish", "subkernel_send_message",
    "subkernel_await_message", "spi_set_config", "spi_write", "spi_read",
    "cxp_download_xml_file", "cxp_read32", "cxp_write32", "cxp_start_roi_viewer",
    "cxp_download_roi_viewer_frame",
)  # fmt: skip

#: What the board answers as it is: letters of result and arguments.
_PLAIN = {
    "rtio_init": ("v", ""),
    "rtio_get_destination_status": ("b", "i"),
    "rtio_input_timestamp": ("I", "Ii"),
    "rtio_input_data": ("i", "i"),
    "dma_erase": ("v", "s"),
    "i2c_start": ("v", "i"),
    "i2c_restart": ("v", "i"),
    "i2c_stop": ("v", "i"),
    "i2c_write": ("b", "ii"),
    "i2c_read": ("i", "ib"),
    "i2c_switch_select": ("v", "iii"),
}
#: All that this part answers.
CALLS: Final = (
    *_REFUSED, *_PLAIN, "test_exception_id_sync", "rtio_underflow", "rtio_flush",
    "rtio_output_wide", "rtio_input_timestamped_data", "dma_record_start",
    "dma_record_stop", "dma_retrieve", "dma_playback", "cache_get", "cache_put",
)  # fmt: skip


class Firmware:
    """The firmware's part that acts on the board, for one machine."""

    def __init__(self, board: Board, machine: Machine) -> None:
        if board.rtio.multiplier & board.rtio.multiplier - 1:
            raise TimelineError("a reference multiplier must be a power of two")
        self.board, self._machine = board, machine
        self._own = syscalls.table(board)
        self._cache = Cache(machine.memory)
        symbols = machine.runtime.symbols
        self._state = {
            name: Cell(machine.memory, "<q" if wide else "<i", symbols[f"_{name}"])
            for wide, names in (
                (True, ("counter", "cost_output", "cost_record", "cost_counter")),
                (False, ("recording", "shift", "words", "capacity")),
            )
            for name in names
        }
        machine.memory.pack("<I", symbols["_buffer"], WORDS)
        machine.keep()
        self._words = np.frombuffer(machine.memory.map, _WORD, CAPACITY, WORDS - RAM)
        self._reported = len(board.rtio.errors)
        self.board.rtio.where = lambda: ""

    # Kernel by kernel

    def begin(self) -> None:
        """Start a kernel, which costs what starting one does."""
        board, rtio, state = self.board, self.board.rtio, self._state
        board.kernels += 1
        rtio.interleaved = 0
        rtio.trace = None
        rtio.kernel = f"kernel {board.kernels}"
        rtio.spend(rtio.costs.kernel_start)
        state["words"].value = state["recording"].value = 0
        state["shift"].value = rtio.multiplier.bit_length() - 1
        for name, cost in (
            ("output", rtio.costs.output),
            ("record", rtio.costs.dma_record),
            ("counter", rtio.costs.counter),
        ):
            state[f"cost_{name}"].value = round(cost / board.ref_period)
        self._machine.now = board.cursor.now
        self._leave()

    def finish(self) -> None:
        """Let everything queued be played, as after each outermost kernel."""
        rtio = self.enter()
        rtio.counter = max(rtio.counter, self.board.cursor.now, rtio.last_mu())
        rtio.play(rtio.counter)
        self._cache.unborrow()

    def abort(self) -> None:
        """Forget what a kernel queued that did not come to its end."""
        rtio = self.board.rtio
        rtio.counter = max(rtio.counter, self._state["counter"].value)
        rtio.drop()
        self._cache.unborrow()

    def errors(self) -> list[str]:
        """Return the errors of RTIO since they were last asked for."""
        found = self.board.rtio.errors[self._reported :]
        self._reported += len(found)
        return found

    def bit(self, error: str) -> int:
        """Return the bit of an error's kind."""
        return sum(1 << n for n, kind in enumerate(_ERRORS) if f"RTIO {kind}" in error)

    def name(self, channel: int) -> str:
        """Return the name of a channel."""
        try:
            return self.board.rtio.phy(channel).key
        except TimelineError:
            return "unknown"

    def enter(self) -> Any:
        """Bring the board to where the CPU is; return its RTIO core."""
        self._flush()
        rtio = self.board.rtio
        rtio.counter = self._state["counter"].value
        self.board.cursor.now = self._machine.now
        return rtio

    def _leave(self) -> None:
        """Bring the CPU to where the board is."""
        rtio, recording = self.board.rtio, self.board.rtio.trace is not None
        self._state["counter"].value = rtio.counter
        self._state["capacity"].value = CAPACITY if recording else rtio.room()

    def _flush(self) -> None:
        """Hand on the words that the CPU held back."""
        words = self._state["words"]
        count, words.value = words.value, 0
        if not 0 <= count <= CAPACITY:
            raise PanicError("a kernel has written to the firmware's memory")
        self.board.rtio.take(self._words[:count].tolist())
        counter = self._state["counter"]
        counter.value = max(counter.value, self.board.rtio.counter)

    def spend(self, seconds: float) -> None:
        """Let the CPU work, which the board need not know yet."""
        self._state["counter"].value += round(seconds / self.board.ref_period)

    def call_host(self) -> None:
        """Account for a call that waits for the host; the wires keep up."""
        rtio = self.enter()
        rtio.spend(rtio.costs.rpc)
        rtio.play(rtio.counter)
        self._leave()

    # Calls

    def calls(self) -> dict[str, Call]:
        """Return what kernels can call, by name."""
        return (
            {name: Call("v", "", partial(_refuse, name)) for name in _REFUSED}
            | {name: self._on_board(name, *kinds) for name, kinds in _PLAIN.items()}
            | {
                "test_exception_id_sync": Call("v", "u", _by_number),
                "rtio_underflow": Call("v", "u", self._underflow),
                "rtio_flush": Call("v", "", self._full),
                "rtio_output_wide": Call("v", "uu", self._output_wide),
                "rtio_input_timestamped_data": Call("v", "uIi", self._input_both),
                "dma_record_start": Call("v", "s", self._record),
                "dma_record_stop": Call("v", "Ib", self._record_end),
                "dma_retrieve": Call("v", "us", self._retrieve),
                "dma_playback": Call("v", "Iib", self._playback),
                "cache_get": Call("u", "s", self._cache_get),
                "cache_put": Call("v", "su", self._cache_put),
            }
        )

    def _on_board(self, name: str, result: str, arguments: str) -> Call:
        function = self._own[name]
        return Call(result, arguments, lambda *given: self._ask(function, *given))

    def _ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call the board; what it raises is raised in the kernel."""
        self.enter()
        try:
            return function(*(_plain(one) for one in arguments))
        except Exception as error:
            kind = type(error)
            if kind.__module__ != "artiq.coredevice.exceptions":
                raise
            raise self._raised(error, arguments) from error
        finally:
            self._leave()

    def _raised(self, error: Any, arguments: tuple[Any, ...]) -> RaisedError:
        """Return an exception as the firmware words it."""
        name = type(error).__name__
        number = NAMES.index(name)
        if name == "RTIOOverflow":
            return RaisedError(number, _OVERFLOW, [int(arguments[-1])])
        if name == "RTIOUnderflow":
            counter = self.board.rtio.counter
            time_mu = error.slack_mu + counter
            return RaisedError(number, _UNDERFLOW, [error.channel, time_mu])
        return RaisedError(number, str(error))

    def _underflow(self, target: int) -> None:
        """Raise the underflow of the next word, which the CPU saw itself."""
        rtio = self.enter()
        channel, now = target >> 8, self._machine.now
        slack = now - rtio.counter
        rtio.meter.note(slack, rtio.phy(channel).key, rtio.kernel, rtio.where)
        self._leave()
        self._late(channel, now, slack)

    def _late(self, channel: int, now: int, slack: int) -> None:
        message = _UNDERFLOW + ", slack {2} mu"
        raise RaisedError(0, message, [channel, now, slack])

    def _full(self) -> None:
        """Hand on the words; the last may be one that was held up too long."""
        now = self._machine.now
        try:
            self.enter()
        except Exception as error:
            if type(error).__name__ != "RTIOUnderflow":
                raise
            late: Any = error
            self._late(late.channel, now, late.slack_mu)
        finally:
            self._leave()

    def _output_wide(self, target: int, data: int) -> None:
        words = np.frombuffer(self._machine.memory.slice(data, 4), "<u4").tolist()
        channel, now = target >> 8, self._machine.now
        output = self._own["rtio_output_wide"]
        try:
            self._ask(output, target, words)
        except RaisedError as error:
            if error.number == 0:
                self._late(channel, now, now - self.board.rtio.counter)
            raise

    def _input_both(self, out: int, timeout_mu: int, channel: int) -> None:
        found = self._ask(self._own["rtio_input_timestamped_data"], timeout_mu, channel)
        self._machine.memory.pack("<qi", out, *found)

    def _record(self, name: bytes) -> None:
        self._ask(self._own["dma_record_start"], name)
        self._state["recording"].value = 1

    def _record_end(self, duration_mu: int, distributed: bool) -> None:
        self._ask(self._own["dma_record_stop"], duration_mu, distributed)
        self._state["recording"].value = 0

    def _retrieve(self, out: int, name: bytes) -> None:
        length, number, distributed = self._ask(self._own["dma_retrieve"], name)
        place = _ALIGNED * number
        self._machine.memory.pack("<qi?", out, length, place, distributed)

    def _playback(self, time_mu: int, place: int, distributed: bool) -> None:
        number, rest = divmod(place, _ALIGNED)
        try:
            if rest:
                raise KeyError(place)
            self._ask(self._own["dma_playback"], time_mu, number, distributed)
        except KeyError:
            raise PanicError(f"there is no DMA trace at {place:#x}") from None

    def _cache_get(self, key: bytes) -> int:
        return self._cache.get(key)

    def _cache_put(self, key: bytes, data: int) -> None:
        try:
            self._cache.put(key, self._machine.memory.slice(data, 4))
        except CacheBusyError as error:
            raise RaisedError(NAMES.index("CacheError"), str(error)) from None


def _plain(argument: Any) -> Any:
    """Return an argument as the board knows it: names are texts there."""
    return (
        argument.decode("utf8", "replace") if isinstance(argument, bytes) else argument
    )


def _refuse(name: str) -> None:
    kind, reason = _ABSENT[name.split("_")[0]]
    message = f"the simulated core device has {reason} ({name})"
    raise RaisedError(NAMES.index(kind), message)


def _by_number(number: int) -> None:
    known = (
        NAMES[number] if number < len(NAMES) else "unallocated internal exception id"
    )
    raise RaisedError(number, known)
