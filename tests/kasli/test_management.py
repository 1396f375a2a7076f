"""Log, configuration, starting anew, and what RTIO was given: the other ports."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

pytest.importorskip("unicorn")
pytest.importorskip("elftools")

from sim_backend.kasli.analyzer import Analyzer
from sim_backend.kasli.management import Management
from tests.kasli.hosts import Host, device
from tests.kasli.programs import at, kernel, text

SUCCESS, CONTENT, IMMINENT, UNAVAILABLE, ERROR, DATA = 1, 2, 3, 4, 6, 7


class Manager(Host):
    """Who manages a device; the greeting is another."""

    def __init__(self, emulated, destination=0):
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(10)
        Management(emulated).accept(theirs)
        self.socket.sendall(b"ARTIQ management\n" + bytes([destination]))

    def ask(self, kind, *words):
        body = b"".join(struct.pack("<i", len(word)) + word for word in words)
        self.socket.sendall(bytes([kind]) + body)
        return self.take(1)[0]


@pytest.fixture
def emulated():
    return device()


@pytest.fixture
def manager(emulated):
    made = Manager(emulated)
    assert made.take(1) == b"e"
    yield made
    made.close()


def run(emulated, *source):
    host = Host(emulated.connect())
    errors = host.finish(kernel(*source))
    host.close()
    return errors


PRINTED = text("fmt", "it is %d, or %.*s\n\0") + text("word", "ten")
PRINT = (
    "call void (ptr, ...) @core_log(ptr @fmt.text, i32 10, i32 3, ptr @word.text)"
    " ret void"
)


def test_the_log_has_what_kernels_print(emulated, manager):
    run(emulated, PRINT, PRINTED)
    assert manager.ask(1) == CONTENT
    assert "INFO(kernel): it is 10, or ten\n" in manager.text()
    assert manager.ask(2) == SUCCESS
    assert manager.ask(1) == CONTENT
    assert "kernel" not in manager.text()


def test_who_pulls_the_log_waits_for_it(emulated, manager):
    emulated.log.clear()
    later = threading.Timer(0.2, emulated.log.write, ("part", "at last"))
    later.start()
    assert manager.ask(7) == CONTENT
    assert manager.text().endswith("INFO(part): at last\n")
    later.join()


def test_the_log_keeps_the_last_lines(emulated):
    for number in range(3000):
        emulated.log.write("part", f"line {number} of many that are long enough")
    kept = emulated.log.text()
    assert len(kept) <= 1 << 16
    assert "line 2999 " in kept
    assert "line 1 " not in kept


def test_what_was_configured_is_read_until_it_is_removed(manager):
    assert manager.ask(12, b"ip") == ERROR
    assert manager.ask(13, b"ip", b"\0\1") == SUCCESS
    assert manager.ask(12, b"ip") == DATA
    assert manager.take(manager.unpack("i")) == b"\0\1"
    assert manager.ask(14, b"ip") == SUCCESS
    assert manager.ask(12, b"ip") == ERROR
    assert manager.ask(13, b"ip", b"") == SUCCESS
    assert manager.ask(15) == SUCCESS
    assert manager.ask(12, b"ip") == ERROR


def test_kernels_in_flash_and_firmware_are_refused(emulated, manager):
    assert manager.ask(13, b"idle_kernel", b"x") == ERROR
    assert manager.ask(9, b"image") == UNAVAILABLE
    assert "idle_kernel is refused" in emulated.log.text()
    assert "simulation" in emulated.log.text()


KEY = "{ ptr, i32 } { ptr @fmt.text, i32 2 }"
CACHE = (
    PRINTED
    + """
declare ptr @cache_get({ ptr, i32 })
declare void @cache_put({ ptr, i32 }, ptr)
"""
)
PUT = f"call void @cache_put({KEY}, ptr @word)\n"
GET = f"""
%row = call ptr @cache_get({KEY})
%length = getelementptr i32, ptr %row, i32 1
%n = load i32, ptr %length
call void (ptr, ...) @core_log(ptr @fmt.text, i32 %n, i32 0, ptr null)
"""


def lengths(emulated):
    """Return the lengths of the row that kernels have told."""
    lines = [line for line in emulated.log.text().splitlines() if "it is" in line]
    return [line.split("it is ")[1][0] for line in lines]


def test_rows_of_the_cache_outlive_kernels_and_are_theirs_once_read(emulated):
    run(emulated, GET + PUT + "ret void", CACHE)
    run(emulated, GET + "ret void", CACHE)
    assert lengths(emulated) == ["0", "3"]
    host = Host(emulated.connect())
    assert host.run(kernel(GET + PUT + "ret void", CACHE)) == 9
    (found,), _, _ = host.exceptions()
    assert found[:2] == (5, "cannot put into a busy cache row")
    host.close()


def test_after_a_reboot_kernels_run_and_the_cache_is_empty(emulated, manager):
    host = Host(emulated.connect())
    host.finish(kernel(PUT + "ret void", CACHE))
    host.finish(kernel(GET + "ret void", CACHE))
    assert manager.ask(5) == IMMINENT
    with pytest.raises(EOFError):
        host.reply()
    host.close()
    run(emulated, GET + "ret void", CACHE)
    assert lengths(emulated) == ["3", "0"]


def test_satellites_are_refused_by_name(emulated):
    other = Manager(emulated, destination=2)
    with pytest.raises(EOFError):
        other.take(1)
    other.close()
    assert "no DRTIO satellite 2" in emulated.log.text()


def messages(analyzer):
    ours, theirs = socket.socketpair()
    analyzer.accept(theirs)
    with ours, ours.makefile("rb") as stream:
        data = stream.read()
    body = data[16:]
    assert struct.unpack_from(">I", data, 1)[0] == len(body)
    every = range(0, len(body), 32)
    return [struct.unpack_from(">QIQQI", body, start) for start in every]


def test_the_analyzer_tells_every_event_once(emulated):
    analyzer = Analyzer(emulated.board.rtio)
    put = "call void @rtio_output(i32 512, i32 1)"
    run(emulated, f"{at(10**9)} {put} ret void")
    counter = round((emulated.board.rtio.costs.kernel_start + 0.25e-6) * 1e9)
    event, stopped = messages(analyzer)
    assert event == (1, 0, counter, 10**9, 2 << 2)
    assert stopped[4] == 3
    run(emulated, f"{at(2 * 10**9)} {put} ret void")
    assert [one[3] for one in messages(analyzer)] == [2 * 10**9, 0]
    assert len(messages(analyzer)) == 1
