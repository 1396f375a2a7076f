"""A connection of a host: bytes in and out, and who waits for them."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

_SYNC = b"\x5a\x5a\x5a\x5a"


class GoneError(Exception):
    """The host has closed the connection, or was made to."""


class ProtocolError(Exception):
    """What the host sends is not ARTIQ's protocol."""


class Connection:
    """Messages of ARTIQ's protocol on a socket; sending is for any thread."""

    def __init__(self, given: socket.socket) -> None:
        self._socket = given
        self._stream = given.makefile("rb", 1 << 16)
        self._out = bytearray()
        self._lock = threading.Lock()

    def take(self, count: int) -> bytes:
        """Return the next bytes.

        Raises
        ------
        GoneError
            There are no more.
        ProtocolError
            A number of bytes below zero.
        """
        if count < 0:
            raise ProtocolError(f"a length of {count} bytes")
        try:
            data = self._stream.read(count)
        except (OSError, ValueError) as error:  # ValueError: it has been closed
            raise GoneError(str(error)) from error
        if data is None or len(data) < count:
            raise GoneError("connection closed")
        return data

    def int32(self) -> int:
        """Return the next signed number."""
        number: int = struct.unpack("<i", self.take(4))[0]
        return number

    def text(self, most: int) -> bytes:
        """Return the next text, which has at most so many bytes."""
        length = self.int32()
        if not 0 <= length <= most:
            raise ProtocolError(f"a text of {length} bytes, where {most} have room")
        return self.take(length)

    def request(self) -> int:
        """Return the number of the next request."""
        count = 0
        while count < len(_SYNC):
            count = count + 1 if self.take(1) == _SYNC[:1] else 0
        return self.take(1)[0]

    def queue(self, kind: int, body: bytes = b"") -> int:
        """Add a message to those that wait, and return how many bytes wait."""
        with self._lock:
            self._out += _SYNC + bytes([kind]) + body
            return len(self._out)

    def send(self, kind: int, body: bytes = b"") -> None:
        """Send a message, after those that wait."""
        self.queue(kind, body)
        self.flush()

    def flush(self) -> None:
        """Send what waits.

        Raises
        ------
        GoneError
            The host takes no more.
        """
        with self._lock:
            if not self._out:
                return
            try:
                self._socket.sendall(self._out)
            except OSError as error:
                raise GoneError(str(error)) from error
            self._out.clear()

    def raw(self, data: bytes) -> None:
        """Send bytes outside of any message."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise GoneError(str(error)) from error

    @property
    def is_gone(self) -> bool:
        """Whether the host has closed its end."""
        try:
            return not self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except (OSError, ValueError):
            return True

    def hang_up(self) -> None:
        """End it, from any thread; whoever waits for the host is told."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Free it."""
        self.hang_up()
        # The stream holds the socket open.
        self._stream.close()
        self._socket.close()
