"""Port 1380: the log, the configuration, and starting anew, by ARTIQ's protocol."""

from __future__ import annotations

import logging
import socket
import struct
import threading
from typing import Final, Protocol

from .connection import Connection, GoneError, ProtocolError
from .log import CoreLog

PORT: Final = 1380
_MAGIC: Final = b"ARTIQ management\n"
_LITTLE_ENDIAN: Final = b"e"
#: Requests of the host.
_GET_LOG, _CLEAR_LOG, _PULL_LOG, _REBOOT = 1, 2, 7, 5
_READ, _WRITE, _REMOVE, _ERASE = 12, 13, 14, 15
_DEBUG_ALLOCATOR, _FLASH = 8, 9
#: Replies.
_SUCCESS, _CONTENT, _IMMINENT, _UNAVAILABLE, _ERROR, _DATA = 1, 2, 3, 4, 6, 7
#: Bytes of a name or value, and of a new firmware: the flash of a Kasli has 16 MiB.
_LONGEST: Final = 1 << 24
#: How often one who waits for the log is looked after, s.
_LOOK: Final = 0.5
#: Programs in flash, which are not run here.
_PROGRAMS: Final = (b"startup_kernel", b"idle_kernel")


class Device(Protocol):
    """What is managed (`device.Device`)."""

    log: CoreLog
    configuration: dict[bytes, bytes]

    def reboot(self) -> None:
        """Start anew."""


class Management:
    """Serves whoever manages a device."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def accept(self, given: socket.socket) -> None:
        """Serve a connection on a thread of its own."""
        threading.Thread(target=self._serve, args=(given,), daemon=True).start()

    def _serve(self, given: socket.socket) -> None:
        connection = Connection(given)
        try:
            self._answer_all(connection)
        except GoneError:
            pass
        except ProtocolError as error:
            self._say(f"connection aborted: {error}")
        finally:
            connection.close()

    def _say(self, text: str) -> None:
        self._device.log.write("runtime::mgmt", text, logging.ERROR)

    def _answer_all(self, connection: Connection) -> None:
        if (word := connection.take(len(_MAGIC))) != _MAGIC:
            raise ProtocolError(f"wrong magic {word!r}")
        if destination := connection.take(1)[0]:
            raise ProtocolError(f"there is no DRTIO satellite {destination}")
        connection.raw(_LITTLE_ENDIAN)
        while True:
            self._answer(connection, connection.take(1)[0])

    def _answer(self, connection: Connection, kind: int) -> None:
        log = self._device.log
        if kind == _GET_LOG:
            _content(connection, _CONTENT, log.text().encode())
        elif kind == _CLEAR_LOG:
            log.clear()
            connection.raw(bytes([_SUCCESS]))
        elif kind == _PULL_LOG:
            while not (text := log.pull(_LOOK)):
                if connection.is_gone:
                    raise GoneError
            _content(connection, _CONTENT, text.encode())
        elif kind == _REBOOT:
            connection.raw(bytes([_IMMINENT]))
            self._device.reboot()
        elif kind == _FLASH:
            connection.text(_LONGEST)
            self._say("a new firmware is refused: this is a simulation")
            connection.raw(bytes([_UNAVAILABLE]))
        elif kind == _DEBUG_ALLOCATOR:
            self._say("there is no allocator to tell about")
        else:
            self._configure(connection, kind)

    def _configure(self, connection: Connection, kind: int) -> None:
        known = self._device.configuration
        if kind == _ERASE:
            known.clear()
        elif kind not in (_READ, _WRITE, _REMOVE):
            raise ProtocolError(f"unexpected request {kind}")
        else:
            key = connection.text(_LONGEST)
            if kind == _READ and key in known:
                _content(connection, _DATA, known[key])
                return
            if kind == _READ:
                connection.raw(bytes([_ERROR]))
                return
            if kind == _REMOVE:
                known.pop(key, None)
            elif not self._write(key, connection.text(_LONGEST)):
                connection.raw(bytes([_ERROR]))
                return
        connection.raw(bytes([_SUCCESS]))

    def _write(self, key: bytes, value: bytes) -> bool:
        if key in _PROGRAMS:
            self._say(f"{key.decode()} is refused: kernels in flash are not run here")
            return False
        self._device.configuration[key] = value
        return True


def _content(connection: Connection, kind: int, data: bytes) -> None:
    connection.raw(bytes([kind]) + struct.pack("<i", len(data)) + data)
