"""A host of the emulated core device: its end of the protocol, and a small board."""

from __future__ import annotations

import struct

from sim_backend.crate.board import Board
from sim_backend.crate.link import Link
from sim_backend.crate.recording import RecordingPlant
from sim_backend.kasli import runtime
from sim_backend.kasli.device import Device
from tests.kasli.bench import HEAD

SYNC = b"\x5a" * 4
FINISHED, STARTUP_FAILED, RAISED, CALL = 7, 8, 9, 10


def described(module, name, **arguments):
    module = f"artiq.coredevice.{module}"
    return {"type": "local", "module": module, "class": name, "arguments": arguments}


DEVICE_DB = {
    "core": described("core", "Core", host="::1", ref_period=1e-9),
    **{f"ttl{n}": described("ttl", "TTLOut", channel=n) for n in range(4)},
    **{f"in{n}": described("ttl", "TTLInOut", channel=8 + n) for n in range(2)},
    "i2c_switch0": described("i2c", "I2CSwitch", address=0xE0),
}


def device(device_db=None, **inputs):
    """Return an emulated core device over a plant that remembers."""
    device_db = device_db or DEVICE_DB
    plant = RecordingPlant(inputs=inputs)
    return Device(Board(device_db, Link(None, {}, plant=plant)))


class Host:
    """One connection to a device."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(10)
        self.socket.sendall(b"ARTIQ coredev\n")
        assert self.take(1) == b"e"

    def take(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError("the device has hung up")
            data += part
        return data

    def unpack(self, form):
        found = struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))
        return found[0] if len(found) == 1 else found

    def text(self):
        length = self.unpack("i")
        return self.unpack("I") if length == -1 else self.take(length).decode()

    def send(self, kind, body=b""):
        self.socket.sendall(SYNC + bytes([kind]) + body)

    def reply(self):
        """Return the kind of the next message."""
        assert self.take(4) == SYNC
        return self.take(1)[0]

    def load(self, source, exceptions=False):
        """Load a kernel; return why it was refused, empty if it was not."""
        data = source if isinstance(source, bytes) else runtime.compiled(HEAD + source)
        self.send(5, struct.pack("<i", len(data)) + data)
        return "" if self.reply() == 5 else self.text()

    def run(self, source):
        """Load and start a kernel; return the kind of what comes back."""
        assert (refused := self.load(source)) == "", refused
        self.send(6)
        return self.reply()

    def finish(self, source):
        """Run a kernel that ends well; return the errors of RTIO."""
        assert self.run(source) == FINISHED
        return self.unpack("B")

    def call(self):
        """Return (asynchronous, service, the rest as the device sends it)."""
        later, service = self.unpack("BI")
        return bool(later), service

    def exceptions(self):
        """Return (class, message, parameters) of each, backtrace, errors of RTIO."""
        count, found = self.unpack("i"), []
        for _ in range(count):
            number, message = self.unpack("I"), self.text()
            parameters = self.unpack("3q")
            self.text(), self.unpack("II"), self.text()
            found.append((number, message, parameters))
        self.take(12 * count)
        backtrace = [self.unpack("II") for _ in range(self.unpack("i"))]
        errors = self.unpack("B")
        return found, backtrace, errors

    def close(self):
        self.socket.close()
