"""A core device whose kernels ARTIQ compiles and this machine runs, RPCs included.

The host's side of the protocol is ARTIQ's own `CommKernel`; the device's side, which is
firmware on a Kasli, is here: values between memory and the wire. An exception that a
kernel does not catch ends it; catching one is beyond this.
"""

from __future__ import annotations

import ctypes
import struct
import threading
from queue import SimpleQueue
from typing import Any

import native
from artiq.coredevice.comm_kernel import CommKernel, Reply, Request
from artiq.coredevice.core import Core

_P, _I32 = ctypes.c_void_p, ctypes.c_int32
native.SIGNATURES |= {
    "rpc_send": (None, _I32, _P, _P),
    "rpc_send_async": (None, _I32, _P, _P),
    "rpc_recv": (_I32, _P),
    "__artiq_raise": (None, _P),
}
_SIMPLE = {
    "b": ctypes.c_bool,
    "i": ctypes.c_int32,
    "I": ctypes.c_int64,
    "f": ctypes.c_double,
    "O": ctypes.c_void_p,
}


class _Text(ctypes.Structure):
    _fields_ = [("data", _P), ("length", _I32)]

    def read(self) -> bytes:
        if self.length < 0:  # a key of the host's table
            return struct.pack("<ii", -1, self.data or 0)
        data = ctypes.string_at(self.data, self.length) if self.length else b""
        return struct.pack("<i", self.length) + data


class _Exception(ctypes.Structure):
    _fields_ = [
        ("name", _I32),
        ("file", _Text),
        ("line", _I32),
        ("column", _I32),
        ("function", _Text),
        ("message", _Text),
        ("params", ctypes.c_int64 * 3),
    ]


def _parse(tags: bytearray) -> tuple[str, Any, Any]:
    """Return (kind, parts, layout in memory) of the first type of a signature."""
    kind = chr(tags.pop(0))
    if kind in _SIMPLE:
        return kind, (), _SIMPLE[kind]
    if kind in "sBA":
        return kind, (), _Text
    if kind == "n":
        return kind, (), type("None_", (ctypes.Structure,), {"_fields_": []})
    if kind == "a":
        dims = tags.pop(0)
        fields = [("data", _P), *((f"n{axis}", _I32) for axis in range(dims))]
        parts = (_parse(tags),)
    elif kind == "t":
        parts = tuple(_parse(tags) for _ in range(tags.pop(0)))
        fields = [(f"e{n}", part[2]) for n, part in enumerate(parts)]
    else:
        parts = (_parse(tags),)
        fields = [("name", _Text), ("value", parts[0][2])]
        if kind == "l":
            return kind, parts, _P
    return kind, parts, type(kind, (ctypes.Structure,), {"_fields_": fields})


def _send(tag: Any, address: int) -> bytes:
    """Return the wire's form of the value at an address."""
    kind, parts, layout = tag
    out = kind.encode()
    if kind in "biIf":
        return out + ctypes.string_at(address, ctypes.sizeof(layout))
    if kind == "n":
        return out
    value = layout.from_address(address)
    if kind == "O":
        return out + ctypes.string_at(value.value, 4)
    if kind in "sBA":
        return out + value.read()
    if kind == "k":
        return out + value.name.read() + _send(parts[0], address + layout.value.offset)
    if kind == "t":
        places = [getattr(layout, field).offset for field, _ in layout._fields_]
        items = (_send(p, address + at) for p, at in zip(parts, places, strict=True))
        return out + bytes([len(parts)]) + b"".join(items)
    if kind == "l":
        value = _Text.from_address(value.value)
        shape, data = [value.length], value.data
        out += struct.pack("<i", value.length)
    else:
        shape = [getattr(value, field) for field, _ in layout._fields_[1:]]
        data = value.data
        out += bytes([len(shape)]) + struct.pack(f"<{len(shape)}i", *shape)
    count, size = 1, ctypes.sizeof(parts[0][2])
    for length in shape:
        count *= length
    items = [_send(parts[0], data + n * size) for n in range(count)]
    plain = parts[0][0] in "biIf"
    return out + parts[0][0].encode() + b"".join(i[1:] if plain else i for i in items)


class _Wire:
    """What the host sends, taken piece by piece, and memory for what needs some."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.kept: list[Any] = []

    def take(self, count: int) -> bytes:
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def number(self, form: str = "<i") -> int:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def room(self, size: int) -> int:
        self.kept.append(ctypes.create_string_buffer(max(size, 1)))
        return ctypes.addressof(self.kept[-1])

    def receive(self, tag: Any, address: int) -> None:
        """Put a value at an address."""
        kind, parts, layout = tag
        if kind == "n":
            return
        if kind in "biIf":
            data = self.take(ctypes.sizeof(layout))
            ctypes.memmove(address, data, len(data))
            return
        value = layout.from_address(address)
        if kind == "t":
            for part, (field, _) in zip(parts, layout._fields_, strict=True):
                self.receive(part, address + getattr(layout, field).offset)
            return
        if kind in "sBA":
            value.length = self.number()
            value.data = self.room(value.length)
            ctypes.memmove(value.data, self.take(value.length), value.length)
            return
        if kind == "l":
            value.value = self.room(ctypes.sizeof(_Text))
            value = _Text.from_address(value.value)
            value.length = count = self.number()
        else:
            count = 1
            for field, _ in layout._fields_[1:]:
                setattr(value, field, self.number())
                count *= getattr(value, field)
        size = ctypes.sizeof(parts[0][2])
        value.data = self.room(count * size)
        for n in range(count):
            self.receive(parts[0], value.data + n * size)


class _Runtime(native.Runtime):
    """The device of one kernel: its messages to the host, and what comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.to_host: SimpleQueue[bytes] = SimpleQueue()
        self.to_kernel: SimpleQueue[bytes] = SimpleQueue()
        self._kept: list[_Wire] = []

    def say(self, kind: Reply, body: bytes = b"") -> None:
        self.to_host.put(b"\x5a\x5a\x5a\x5a" + bytes([kind.value]) + body)

    def rpc_send(self, service, tag, data, *, asynchronous=False):
        text = _Text.from_address(tag).read()[4:]
        arguments, _, result = text.partition(b":")
        rest = bytearray(arguments)
        self._result = _parse(bytearray(result))
        body = struct.pack("<Bi", asynchronous, service)
        index = 0
        while rest:
            slot = _P.from_address(data + 8 * index).value
            body += _send(_parse(rest), slot)
            index += 1
        self.say(
            Reply.RPCRequest, body + b"\0" + struct.pack("<i", len(result)) + result
        )

    def rpc_send_async(self, service, tag, data):
        self.rpc_send(service, tag, data, asynchronous=True)

    def rpc_recv(self, slot):
        reply = self.to_kernel.get()
        wire = _Wire(reply[5:])
        if reply[4] == Request.RPCException.value:
            name, key = wire.number(), wire.number()
            params = [wire.number("<q") for _ in range(3)]
            text = struct.pack("<ii", -1, key)
            self._end(name, text, params)
        wire.take(wire.number())
        wire.receive(self._result, slot)
        self._kept.append(wire)
        return 0

    def artiq_raise(self, address):
        error = _Exception.from_address(address)
        self._end(error.name, error.message.read(), error.params)

    def _end(self, name, message, params):
        """Report an exception; this thread never comes back."""
        nowhere = struct.pack("<iii", 0, -1, -1) + struct.pack("<i", 0)
        body = struct.pack("<ii", 1, name) + message + struct.pack("<3q", *params)
        self.say(Reply.KernelException, body + nowhere + bytes(16) + b"\0")
        threading.Event().wait()


class _Connection(CommKernel):
    """ARTIQ's connection to the core device, without a socket."""

    def __init__(self) -> None:
        super().__init__("this machine")
        for size, form in (("int32", "l"), ("int64", "q"), ("float64", "d")):
            setattr(self, f"unpack_{size}", struct.Struct(f"<{form}").unpack)
            setattr(self, f"pack_{size}", struct.Struct(f"<{form}").pack)
        self.endian = "<"
        self.pack_header = struct.Struct("<lB").pack
        self.pack_int8 = struct.Struct("<B").pack

    def open(self):
        """Do nothing: it is open."""

    def check_system_info(self):
        """Do nothing."""

    def load(self, kernel_library):
        self._library = kernel_library

    def run(self):
        self.runtime = _Runtime()
        self.read_buffer.clear()

        def kernel():
            native.execute(*self._library, self.runtime)
            self.runtime.say(Reply.KernelFinished, b"\0")

        threading.Thread(target=kernel, daemon=True).start()

    def _read(self, length):
        while len(self.read_buffer) < length:
            self.read_buffer += self.runtime.to_host.get(timeout=30)
        taken = bytes(self.read_buffer[:length])
        del self.read_buffer[:length]
        return taken

    def _write(self, data):
        self.write_buffer += data

    def _flush(self):
        self.runtime.to_kernel.put(bytes(self.write_buffer))
        self.write_buffer.clear()


class NativeCore(Core):
    """ARTIQ's core driver, with this machine for its device."""

    def __init__(self):
        super().__init__(self, None, 1e-9)
        self.comm = _Connection()

    def get(self, _name):
        """Return the core device: all that the compiler asks a device manager for."""
        return self

    def compile(self, function, args, kwargs, set_result=None, **_options):
        embedding_map, library = native.compiled(
            self, function, args, kwargs, set_result
        )
        return embedding_map, library, lambda _: [], lambda names: names, {}
