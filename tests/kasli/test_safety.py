"""Whatever a kernel or a host does, the device says why, and the next kernel runs."""

from __future__ import annotations

import socket
import struct
import time

import pytest

pytest.importorskip("unicorn")
pytest.importorskip("elftools")

from sim_backend.kasli.memory import RAM, RAM_SIZE
from tests.kasli.hosts import CALL, SYNC, Host, device
from tests.kasli.programs import at, exception, kernel, text

#: Seconds that anything may take.
PROMPT = 5.0
GOOD = kernel(f"{at(10**9)} call void @rtio_output(i32 256, i32 1) ret void")

LOOP = "br label %loop\nloop:\n{}\n br label %loop"
MORE = (
    exception("value", 18)
    + text("types", "i:n") + text("asked", ":i") + text("answered", "x")
    + """
define void @raise() noinline {
  call void @__artiq_raise(ptr @value)
  unreachable
}
define i32 @deeper(i32 %n) noinline {
  %room = alloca [64 x i32]
  %m = add i32 %n, 1
  store volatile i32 %m, ptr %room
  %r = call i32 @deeper(i32 %m)
  %v = load volatile i32, ptr %room
  %s = add i32 %r, %v
  ret i32 %s
}
"""
)  # fmt: skip

#: Kernels that come to no end; the host goes.
ENDLESS = {
    "a loop": LOOP.format(""),
    "a loop that reads the counter": LOOP.format("%t = call i64 @rtio_get_counter()"),
    "a loop of output": LOOP.format(
        "%t = call i64 @rtio_get_counter()\n"
        "%u = add i64 %t, 1000000\n"
        "%h = lshr i64 %u, 32\n %hi = trunc i64 %h to i32\n %lo = trunc i64 %u to i32\n"
        "store volatile i32 %hi, ptr @now\n"
        "store volatile i32 %lo, ptr getelementptr (i8, ptr @now, i32 8)\n"
        "call void @rtio_output(i32 256, i32 1)"
    ),
    "a loop of exceptions": (
        "br label %loop\nloop:\n"
        "invoke void @raise() to label %loop unwind label %pad\npad:\n"
        "%caught = landingpad { ptr, ptr } catch ptr null\n"
        "call void @__artiq_end_catch()\n br label %loop"
    ),
    "a call that nobody answers": (
        "%room = alloca i32\n call void @rpc_send(i32 6, ptr @asked, ptr null)\n"
        "%s = call i32 @rpc_recv(ptr %room)\n ret void"
    ),
}
#: Kernels that cannot go on, and what the log says of them.
WILD = {
    "read": ("%v = load volatile i32, ptr inttoptr (i32 64 to ptr) ret void", "READ"),
    "write": (
        f"store volatile i32 1, ptr inttoptr (i64 {RAM + RAM_SIZE} to ptr) ret void",
        "WRITE",
    ),
    "jump": ("call void inttoptr (i32 4096 to ptr)() ret void", "FETCH"),
    "jump to data": ("call void @raise.message() ret void", "CPU exception"),
    "stack": ("%r = call i32 @deeper(i32 0) ret void", "stack overflow"),
    "types of a call": (
        "call void @rpc_send(i32 1, ptr inttoptr (i32 16 to ptr), ptr null) ret void",
        "nonsense",
    ),
    "no types": ("call void @rpc_send(i32 1, ptr @answered, ptr null) ret void",
                 "type"),
    "arguments": (
        "call void @rpc_send_async(i32 1, ptr @types, ptr inttoptr (i32 8 to ptr))"
        " ret void",
        "nonsense",
    ),
    "text": (
        "call void (ptr, ...) @core_log(ptr inttoptr (i32 8 to ptr)) ret void",
        "nonsense",
    ),
    "exception": ("call void @__artiq_raise(ptr inttoptr (i32 8 to ptr)) ret void",
                  "nonsense"),
    "no exception": ("call void @__artiq_resume() ret void", "no exception"),
    "result of no call": (
        "%room = alloca i32 %s = call i32 @rpc_recv(ptr %room) ret void", "no call",
    ),
    "channel": (
        f"{at(10**9)} call void @rtio_output(i32 25600, i32 1) ret void", "no card",
    ),
    "input that never comes": ("%v = call i32 @rtio_input_data(i32 8) ret void",
                               "wait for ever"),
}  # fmt: skip


@pytest.fixture
def emulated():
    return device()


def works(emulated):
    """Run a kernel, as the next host does."""
    host = Host(emulated.connect())
    try:
        host.finish(GOOD)
    finally:
        host.close()
    assert emulated.board.rtio.submitted[-1][0].channel == 1


def log(emulated, word):
    """Wait until the log has a word."""
    end = time.monotonic() + PROMPT
    while word not in emulated.log.text():
        assert time.monotonic() < end, emulated.log.text()
        time.sleep(0.01)


@pytest.mark.parametrize("loop", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("second", [False, True], ids=["host dies", "second host"])
def test_an_endless_kernel_ends_with_its_host(emulated, loop, second):
    start = time.monotonic()
    host = Host(emulated.connect())
    assert host.load(kernel(loop, MORE)) == ""
    host.send(6)
    time.sleep(0.1)
    if not second:
        host.close()
    works(emulated)
    if second:
        with pytest.raises((EOFError, AssertionError, ConnectionError)):
            while host.reply() == CALL:
                host.call(), host.take(1), host.text()
        host.close()
    log(emulated, "runtime::session")
    assert time.monotonic() - start < PROMPT


@pytest.mark.parametrize(("body", "reason"), WILD.values(), ids=WILD)
def test_a_wild_kernel_is_ended_and_the_log_says_why(emulated, body, reason):
    start = time.monotonic()
    host = Host(emulated.connect())
    wild = MORE + text("raise.message", bytes(8)).replace("private constant", "global")
    source = kernel(body.replace("@raise.message", "@raise.message.text"), wild)
    assert host.load(source) == ""
    host.send(6)
    with pytest.raises(EOFError):
        host.reply()
    host.close()
    log(emulated, reason)
    assert "session aborted" in emulated.log.text()
    works(emulated)
    assert time.monotonic() - start < PROMPT


def test_a_kernel_that_writes_over_the_firmware_harms_itself_only(emulated):
    body = """
  br label %loop
loop:
  %n = phi i32 [ 0, %0 ], [ %m, %loop ]
  %p = getelementptr i32, ptr inttoptr (i32 1157627904 to ptr), i32 %n
  store volatile i32 -1, ptr %p
  %m = add i32 %n, 1
  %more = icmp ult i32 %m, 90000
  br i1 %more, label %loop, label %end
end:
  call void @rtio_output(i32 256, i32 1)
  ret void
"""
    host = Host(emulated.connect())
    assert host.load(kernel(body)) == ""
    host.send(6)
    with pytest.raises(EOFError):
        host.reply()
    host.close()
    works(emulated)


#: What no host of ARTIQ's sends, and what the log says of it.
STRANGE = {
    "other language": (b"GET / HTTP/1.1\r\n\r\n", "wrong magic"),
    "kernel too large": (SYNC + b"\5" + struct.pack("<i", 2**31 - 1), "have room"),
    "less than nothing": (SYNC + b"\5" + struct.pack("<i", -1), "-1 bytes"),
    "unknown request": (SYNC + b"\x63", "unexpected request 99"),
    "half a request": (SYNC + b"\5" + struct.pack("<i", 100) + b"x", "closed"),
}


@pytest.mark.parametrize(("data", "reason"), STRANGE.values(), ids=STRANGE)
def test_a_strange_host_is_left(emulated, data, reason):
    start = time.monotonic()
    connection = emulated.connect()
    if "magic" not in reason:
        connection.sendall(b"ARTIQ coredev\n")
    connection.sendall(data)
    if reason == "closed":
        connection.shutdown(socket.SHUT_WR)
    log(emulated, reason)
    connection.close()
    works(emulated)
    assert time.monotonic() - start < PROMPT


def test_an_answer_that_is_too_large_ends_the_kernel(emulated):
    body = """
  %room = alloca [2 x i32]
  call void @rpc_send(i32 6, ptr @list, ptr null)
  %size = call i32 @rpc_recv(ptr %room)
  %more = alloca i8, i32 %size
  %again = call i32 @rpc_recv(ptr %more)
  ret void
"""
    host = Host(emulated.connect())
    assert host.load(kernel(body, text("list", ":li"))) == ""
    host.send(6)
    assert host.reply() == CALL
    host.call(), host.take(1), host.text()
    host.send(7, struct.pack("<i", 2) + b"li" + struct.pack("<i", 2**30))
    with pytest.raises(EOFError):
        host.reply()
    host.close()
    log(emulated, "session aborted")
    works(emulated)


def test_kernels_that_are_none_are_refused_and_the_session_goes_on(emulated):
    host = Host(emulated.connect())
    assert "not a shared library" in host.load(b"no kernel")
    host.send(6)
    assert host.reply() == 8  # there is none to start
    assert "lookup error: __modinit__" in host.load("define void @f() { ret void }")
    host.send(9, struct.pack("<iBi", 1, 1, 3) + b"abc")
    assert host.reply() == 6
    assert "subkernels are not supported" in host.text()
    host.finish(GOOD)
    host.close()
