"""What a host does with the core device: ask what it is, load kernels, run them.

ARTIQ's protocol of port 1381, whose calls of the host come from the kernel that runs.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from . import values
from .connection import Connection, GoneError, ProtocolError
from .exceptions import HOSTS, Exceptions, RaisedError, UncaughtError
from .firmware import Firmware
from .library import Library, LoadError
from .log import CoreLog
from .machine import Machine, PanicError, StoppedError
from .memory import LAST, PAYLOAD, MemoryAccessError

MAGIC: Final = b"ARTIQ coredev\n"
_LITTLE_ENDIAN: Final = b"e"
#: Requests of the host.
_SYSTEM_INFO, _LOAD, _RUN, _RETURN, _EXCEPTION, _SUBKERNEL = 3, 5, 6, 7, 8, 9
#: Replies.
_INFO, _LOADED, _REFUSED, _FINISHED, _NOT_STARTED = 2, 5, 6, 7, 8
_RAISED, _CALL = 9, 10

#: Bytes of calls without a reply that wait until the host is sent them.
_WAITING: Final = 1 << 16
#: How often a running kernel's host is looked after, and one that is stopped, s.
_LOOK, _STOP = 0.1, 0.01
#: What a kernel that goes wild makes of tables and texts that Python reads for it.
_NONSENSE = (MemoryAccessError, ValueError, IndexError, struct.error, RecursionError)


class Device(Protocol):
    """What sessions share (`device.Device`)."""

    ident: str
    log: CoreLog
    machine: Machine
    firmware: Firmware
    exceptions: Exceptions
    finished_cleanly: bool


class Session:
    """One connection of a host."""

    def __init__(self, device: Device, connection: Connection) -> None:
        self._device, self._connection = device, connection
        self._loaded: Library | None = None
        self._result: values.Kind | None = None
        self._receiving: Any = None

    def serve(self) -> None:
        """Serve until the host leaves.

        Raises
        ------
        GoneError
            It has left.
        ProtocolError
            It speaks another language.
        PanicError
            A kernel did what no kernel can go on from.
        """
        if (word := self._connection.take(len(MAGIC))) != MAGIC:
            raise ProtocolError(f"wrong magic {word!r}")
        self._connection.raw(_LITTLE_ENDIAN)
        while True:
            self._answer(self._connection.request())

    def _answer(self, kind: int) -> None:
        connection = self._connection
        if kind == _SYSTEM_INFO:
            ident = self._device.ident.encode()
            clean, self._device.finished_cleanly = self._device.finished_cleanly, True
            body = b"AROR" + struct.pack("<i", len(ident)) + ident + bytes([clean])
            connection.send(_INFO, body)
        elif kind == _LOAD:
            self._load(connection.text(LAST - PAYLOAD))
        elif kind == _RUN and self._loaded is not None:
            loaded, self._loaded = self._loaded, None
            self._run(loaded)
        elif kind == _RUN:
            connection.send(_NOT_STARTED)
        elif kind == _SUBKERNEL:
            connection.take(5)
            connection.text(LAST - PAYLOAD)
            self._refuse("No DRTIO on this system, subkernels are not supported")
        else:
            raise ProtocolError(f"unexpected request {kind}")

    def _refuse(self, reason: str) -> None:
        text = reason.encode()
        self._connection.send(_REFUSED, struct.pack("<i", len(text)) + text)

    def _load(self, data: bytes) -> None:
        try:
            self._loaded = self._device.machine.load(data)
            if "__modinit__" not in self._loaded.symbols:
                raise LoadError("symbol lookup error: __modinit__")
        except LoadError as error:
            self._loaded = None
            self._refuse(f"cannot load kernel: {error}")
        else:
            self._connection.send(_LOADED)

    # Running

    def _run(self, kernel: Library) -> None:
        device = self._device
        device.exceptions.reset(kernel.data)
        device.firmware.begin()
        try:
            with self._watched():
                raised = not self._finishes(kernel)
                errors = self._errors()
            if raised:
                named = device.firmware.name
                report = device.exceptions.report(named, errors)
                self._connection.send(_RAISED, report)
            else:
                self._connection.send(_FINISHED, bytes([errors]))
        except BaseException:
            device.finished_cleanly = False
            device.firmware.abort()
            self._errors()
            raise
        finally:
            device.log.end_kernel()

    def _finishes(self, kernel: Library) -> bool:
        """Run a kernel to its end; False where that is an exception."""
        firmware = self._device.firmware
        try:
            self._device.machine.run(kernel.symbols["__modinit__"])
            if "typeinfo" in kernel.symbols:
                self._write_back(kernel.symbols["typeinfo"])
        except UncaughtError:
            firmware.finish()
            return False
        except StoppedError:
            raise GoneError("kernel interrupted") from None
        except _NONSENSE as error:
            raise PanicError(f"the firmware was given nonsense: {error}") from error
        firmware.finish()
        return True

    def _errors(self) -> int:
        """Log what RTIO reported, and return its kinds as bits."""
        bits = 0
        for error in self._device.firmware.errors():
            self._device.log.write("runtime::rtio_mgt", error)
            bits |= self._device.firmware.bit(error)
        return bits

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Send what waits, and stop the kernel of a host that has gone."""
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(over,), daemon=True)
        watch.start()
        try:
            yield
        finally:
            over.set()
            watch.join()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(_LOOK):
            try:
                self._connection.flush()
                gone = self._connection.is_gone
            except GoneError:
                gone = True
            if gone:
                self._connection.hang_up()
                while not over.wait(_STOP):
                    self._device.machine.stop()

    # Calls of the host

    def call(self, service: int, types: int, data: int) -> None:
        """Call the host; the kernel asks for the result next."""
        self._device.firmware.call_host()
        self._result = self._request(service, types, data, waits=True)
        self._receiving = None
        self._connection.flush()

    def call_later(self, service: int, types: int, data: int) -> None:
        """Call the host without a result."""
        firmware = self._device.firmware
        firmware.spend(firmware.board.rtio.costs.rpc_async)
        self._request(service, types, data, waits=False)

    def _request(
        self, service: int, types: int, data: int, *, waits: bool
    ) -> values.Kind:
        memory = self._device.machine.memory
        text = memory.slice(types)
        known = values.signature(text)
        count = len(known.arguments)
        slots = memory.unpack(f"<{count}I", data) if count else ()
        body = values.request(memory, service, text, slots)
        if self._connection.queue(_CALL, bytes([not waits]) + body) > _WAITING:
            self._connection.flush()
        return known.result

    def receive(self, slot: int) -> int:
        """Store the host's result at `slot`; return how much memory it needs, or 0.

        Raises
        ------
        RaisedError
            The host raised an exception.
        """
        if self._receiving is None:
            if self._result is None:
                raise PanicError("a result is asked for, and no call was made")
            self._await_reply()
            memory = self._device.machine.memory
            self._receiving = values.receive(
                memory, self._connection, self._result, slot
            )
            slot = 0
        try:
            needed: int = self._receiving.send(slot or None)
        except StopIteration:
            self._receiving = self._result = None
            return 0
        return needed

    def _await_reply(self) -> None:
        take, kind = self._connection.take, self._connection.request()
        if kind == _EXCEPTION:
            number, message, *parameters = struct.unpack("<II3q", take(32))
            file, line, column, function = struct.unpack("<IIII", take(16))
            raise RaisedError(
                number, (message, HOSTS), parameters, file=(file, HOSTS), line=line,
                column=column, function=(function, HOSTS),
            )  # fmt: skip
        if kind != _RETURN:
            raise ProtocolError(f"unexpected request {kind} while a call waits")
        self._connection.text(1 << 16)  # the type, which the kernel has said

    def _write_back(self, types: int) -> None:
        """Send the host the attributes of its objects, as the kernel leaves them.

        Three pointers in memory are the arguments of each call: to the object's, to the
        name, to the value.
        """
        memory = self._device.machine.memory
        for kind in _pointers(memory, types):
            attributes, objects = memory.unpack("<II", kind)
            for thing in _pointers(memory, objects):
                for attribute in _pointers(memory, attributes):
                    (offset,) = memory.unpack("<I", attribute)
                    text = memory.slice(attribute + 4)
                    if text:
                        self._set_attribute(text, thing, attribute + 12, thing + offset)

    def _set_attribute(self, text: bytes, thing: int, name: int, value: int) -> None:
        memory = self._device.machine.memory
        memory.pack("<I", _SLOT, thing)
        body = values.request(memory, 0, text, [_SLOT, name, value])
        self._connection.queue(_CALL, b"\1" + body)


#: Where the pointer to an object stands while its attributes are sent.
_SLOT = PAYLOAD - 16


def _pointers(memory: Any, address: int) -> Iterator[int]:
    """Yield the pointers of a table that ends with 0."""
    while value := memory.word(address):
        yield value
        address += 4
