"""What the dashboard sees of digital channels, and what it cannot do yet."""

from __future__ import annotations

import asyncio
import socket
import struct
import time

import pytest

pytest.importorskip("unicorn")
pytest.importorskip("elftools")

from sim_backend.host import is_embedded
from sim_backend.kasli.monitor import Monitor
from sim_backend.kasli.server import listen
from tests.kasli.hosts import Host, device
from tests.kasli.programs import at, kernel

LEVEL, DRIVES = 0, 1


class Watcher(Host):
    """One who watches; the greeting is another."""

    def __init__(self, emulated, greeting=b"ARTIQ moninj\n"):
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(10)
        Monitor(emulated.board.rtio, emulated.log).accept(theirs)
        self.socket.sendall(greeting)

    def watch(self, channel, probe, enable=1):
        self.socket.sendall(struct.pack("<BBIB", 0, enable, channel, probe))

    def told(self):
        assert self.take(1) == b"\0"
        return self.unpack("IBQ")


@pytest.fixture
def emulated():
    return device()


@pytest.fixture
def watcher(emulated):
    made = Watcher(emulated)
    yield made
    made.close()


def put(emulated, time_mu, channel, value, address=0):
    host = Host(emulated.connect())
    target = channel << 8 | address
    host.finish(kernel(f"{at(time_mu)} call void @rtio_output(i32 {target}, "
                       f"i32 {value}) ret void"))  # fmt: skip
    host.close()


def test_levels_and_directions_are_told_when_they_change(emulated, watcher):
    watcher.watch(2, LEVEL)
    assert watcher.told() == (2, LEVEL, 0)
    put(emulated, 10**9, 2, 1)
    assert watcher.told() == (2, LEVEL, 1)
    watcher.watch(8, DRIVES)
    assert watcher.told() == (8, DRIVES, 0)
    put(emulated, 2 * 10**9, 8, 1, address=1)
    assert watcher.told() == (8, DRIVES, 1)
    watcher.watch(2, LEVEL, enable=0)
    put(emulated, 3 * 10**9, 2, 0)
    watcher.watch(40, LEVEL)
    assert watcher.told() == (40, LEVEL, 0)  # the next word: nothing is there


def test_an_override_is_refused_in_the_log(emulated, watcher):
    watcher.socket.sendall(struct.pack("<BIBB", 1, 2, 0, 1))
    watcher.socket.sendall(struct.pack("<BIB", 2, 2, 0))
    assert watcher.take(1) == b"\1"
    assert watcher.unpack("IBB") == (2, 0, 0)
    assert "channel 0x2 cannot be overridden" in emulated.log.text()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x09", "unexpected request 9"),
        (struct.pack("<BBIB", 0, 1, 3 << 16, 0), "no DRTIO satellite 3"),
        (None, "wrong magic"),
    ],
)
def test_strangers_are_left(emulated, data, reason):
    greeting = b"GET / HTTP/1.1" if data is None else b"ARTIQ moninj\n"
    made = Watcher(emulated, greeting + (data or b""))
    with pytest.raises((EOFError, ConnectionError)):
        made.take(1)
    made.close()
    assert reason in emulated.log.text()


@pytest.mark.artiq
@pytest.mark.skipif(is_embedded("artiq"), reason="no real ARTIQ in this interpreter")
def test_artiqs_own_client_is_told(emulated):
    from artiq.coredevice.comm_moninj import CommMonInj

    monitor = Monitor(emulated.board.rtio, emulated.log)
    listening = listen(monitor.accept, "127.0.0.1", 0)

    async def watch():
        heard = asyncio.Queue()
        client = CommMonInj(lambda *what: heard.put_nowait(what), lambda *what: None)
        await client.connect("127.0.0.1", listening.getsockname()[1])
        client.monitor_probe(True, 2, LEVEL)
        first = await asyncio.wait_for(heard.get(), 10)
        await asyncio.to_thread(put, emulated, 10**9, 2, 1)
        second = await asyncio.wait_for(heard.get(), 10)
        await client.close()
        return first, second

    assert asyncio.run(watch()) == ((2, LEVEL, 0), (2, LEVEL, 1))
    listening.close()
    time.sleep(0.3)  # the monitor finds its client gone
