"""Exceptions of kernels: caught, cleaned up after, nested, raised again, reported."""

from __future__ import annotations

import struct

import pytest

pytest.importorskip("unicorn")
pytest.importorskip("elftools")

from sim_backend.kasli.exceptions import MOST, NAMES
from tests.kasli.hosts import CALL, FINISHED, RAISED, Host, device
from tests.kasli.programs import exception, kernel, text

VALUE, INDEX = NAMES.index("ValueError"), NAMES.index("IndexError")
MORE = (
    exception("value", VALUE) + exception("index", INDEX)
    + text("types", "i:n") + text("asked", ":i")
    + """
define void @say(i32 %what) {
  %place = alloca i32
  store i32 %what, ptr %place
  %list = alloca ptr
  store ptr %place, ptr %list
  call void @rpc_send_async(i32 5, ptr @types, ptr %list)
  ret void
}
define i32 @ask() {
  %result = alloca i32
  call void @rpc_send(i32 6, ptr @asked, ptr null)
  %size = call i32 @rpc_recv(ptr %result)
  %value = load i32, ptr %result
  ret i32 %value
}
define void @raise(ptr %what) noinline {
  call void @__artiq_raise(ptr %what)
  unreachable
}
"""
)  # fmt: skip


@pytest.fixture
def host():
    made = device()
    host = Host(made.connect())
    host.device = made
    yield host
    host.close()


def said(host, source):
    """Run a kernel; return what it said, and the kind of its end."""
    assert host.load(source) == ""
    host.send(6)
    heard = []
    while (kind := host.reply()) == CALL:
        assert host.call() == (True, 5)
        assert host.take(1) == b"i"
        heard.append(host.unpack("i"))
        assert host.take(1) == b"\0"
        assert host.text() == "n"
    return heard, kind


def protected(inside, pad):
    """Return a function that calls `inside`, whose exceptions come to `pad`."""
    return f"""
  invoke void {inside} to label %end unwind label %pad
pad:
  %caught = landingpad {{ ptr, ptr }} {pad}
end:
  ret void
"""


def test_one_is_caught_by_its_class(host):
    body = protected(
        "@raise(ptr @value)",
        "catch ptr @value.class\n call void @say(i32 1)\n"
        "call void @__artiq_end_catch()\n br label %end",
    )
    assert said(host, kernel(body, MORE)) == ([1], FINISHED)
    assert host.unpack("B") == 0


def test_another_class_passes(host):
    body = protected(
        "@raise(ptr @index)",
        "catch ptr @value.class\n call void @say(i32 1)\n br label %end",
    )
    heard, kind = said(host, kernel(body, MORE))
    ((number, message, parameters),), backtrace, _ = host.exceptions()
    assert (heard, kind) == ([], RAISED)
    assert (number, message, parameters) == (INDEX, "it", (1, 2, 3))
    assert len(backtrace) == 2  # of `raise` and of the kernel


def test_a_cleanup_is_done_on_the_way(host):
    body = protected(
        "@raise(ptr @index)",
        "cleanup\n call void @say(i32 2)\n call void @__artiq_resume()\n unreachable",
    )
    heard, kind = said(host, kernel(body, MORE))
    assert (heard, kind) == ([2], RAISED)
    assert [one[0] for one in host.exceptions()[0]] == [INDEX]


def test_saved_registers_are_those_of_the_frame_that_catches(host):
    """Callee-saved registers, integer and floating, survive the frames left."""
    deep = """
define void @deep(i32 %n, double %x) noinline {
  %a = call i32 @ask()
  %y = fadd double %x, 1.0
  %zero = icmp eq i32 %a, 0
  br i1 %zero, label %stop, label %more
stop:
  call void @raise(ptr @value)
  unreachable
more:
  %m = add i32 %n, %a
  call void @deep(i32 %m, double %y)
  %z = fptosi double %y to i32
  call void @say(i32 %z)
  call void @say(i32 %m)
  ret void
}
"""
    body = """
  %kept = call i32 @ask()
  %first = call i32 @ask()
  %half = sitofp i32 %first to double
  invoke void @deep(i32 3, double 1.0) to label %end unwind label %pad
pad:
  %caught = landingpad { ptr, ptr } catch ptr null
  call void @say(i32 %kept)
  %back = fptosi double %half to i32
  call void @say(i32 %back)
  call void @__artiq_end_catch()
  br label %end
end:
  ret void
"""
    assert host.load(kernel(body, MORE + deep)) == ""
    host.send(6)
    for answer in (11, 22, 1, 1, 0):
        assert host.reply() == CALL
        assert host.call() == (False, 6)
        assert (host.take(1), host.text()) == (b"\0", "i")
        host.send(7, struct.pack("<i", 1) + b"i" + struct.pack("<i", answer))
    heard = []
    while host.reply() == CALL:
        host.call(), host.take(1)
        heard.append(host.unpack("i"))
        host.take(1), host.text()
    assert heard == [11, 22]


NESTED = """
define void @inner() personality ptr @__artiq_personality {
  invoke void @raise(ptr @value) to label %end unwind label %pad
pad:
  %caught = landingpad { ptr, ptr } catch ptr null
  call void @say(i32 1)
  call void @raise(ptr @index)
  unreachable
end:
  ret void
}
"""


def test_one_raised_in_a_handler_is_told_with_the_one_handled(host):
    heard, kind = said(host, kernel("call void @inner() ret void", MORE + NESTED))
    found, backtrace, _ = host.exceptions()
    assert (heard, kind) == ([1], RAISED)
    assert [one[0] for one in found] == [VALUE, INDEX]
    assert len(backtrace) == 2 + 3


def test_one_that_is_caught_takes_along_the_one_it_was_raised_in(host):
    body = protected(
        "@inner()",
        "catch ptr @index.class\n call void @say(i32 3)\n"
        "call void @__artiq_end_catch()\n call void @raise(ptr @index)\n unreachable",
    )
    heard, kind = said(host, kernel(body, MORE + NESTED))
    assert (heard, kind) == ([1, 3], RAISED)
    assert [one[0] for one in host.exceptions()[0]] == [INDEX]


def test_a_caught_one_is_raised_again(host):
    body = protected(
        "@raise(ptr @value)",
        "catch ptr null\n call void @say(i32 4)\n"
        "%it = extractvalue { ptr, ptr } %caught, 1\n"
        "call void @raise(ptr %it)\n unreachable",
    )
    heard, kind = said(host, kernel(body, MORE))
    found, backtrace, _ = host.exceptions()
    assert (heard, kind) == ([4], RAISED)
    assert [one[0] for one in found] == [VALUE]
    assert len(backtrace) == 4  # there once, and there again


def test_too_many_at_once(host):
    again = """
define void @again() personality ptr @__artiq_personality {
  invoke void @raise(ptr @value) to label %end unwind label %pad
pad:
  %caught = landingpad { ptr, ptr } catch ptr null
  call void @again()
  unreachable
end:
  ret void
}
"""
    _, kind = said(host, kernel("call void @again() ret void", MORE + again))
    found, _, _ = host.exceptions()
    assert kind == RAISED
    assert len(found) == MOST + 1
    assert found[-1][:2] == (NAMES.index("RuntimeError"), "too many nested exceptions")


def test_one_of_the_host(host):
    body = """
  %a = invoke i32 @ask() to label %end unwind label %pad
pad:
  %caught = landingpad { ptr, ptr } catch ptr @value.class
  call void @say(i32 5)
  call void @__artiq_end_catch()
  br label %end
end:
  ret void
"""
    for number, expected in ((VALUE, FINISHED), (77, RAISED)):
        assert host.load(kernel(body, MORE)) == ""
        host.send(6)
        assert host.reply() == CALL
        host.call(), host.take(1), host.text()
        host.send(8, struct.pack("<II3qIIII", number, 40, 1, 2, 3, 41, 9, 8, 42))
        if expected == FINISHED:
            assert host.reply() == CALL
            host.call(), host.take(1)
            assert host.unpack("i") == 5
            host.take(1), host.text()
            assert host.reply() == FINISHED
            assert host.unpack("B") == 0
        else:
            assert host.reply() == RAISED
            assert host.unpack("iI") == (1, 77)
            assert host.text() == 40  # its own text, by number


def test_an_underflow_names_channel_and_slack(host):
    body = """
  invoke void @rtio_output(i32 512, i32 1) to label %end unwind label %pad
pad:
  %caught = landingpad { ptr, ptr } cleanup
  call void @say(i32 6)
  call void @__artiq_resume()
  unreachable
end:
  ret void
"""
    heard, kind = said(host, kernel(body, MORE))
    ((number, message, parameters),), _, _ = host.exceptions()
    costs = host.device.board.rtio.costs
    counter = round((costs.kernel_start + costs.output) * 1e9)
    assert (heard, kind, number) == ([6], RAISED, 0)
    told = "RTIO underflow at channel 0x0002:ttl2, {1} mu, slack {2} mu"
    assert message == told
    assert parameters[0] == 2
    assert parameters[2] == parameters[1] - counter < 0


def test_a_device_without_an_answer_is_told_by_its_class(host):
    refused = "declare void @subkernel_load_run(i32, i8, i1)"
    body = "call void @subkernel_load_run(i32 1, i8 1, i1 1) ret void"
    _, kind = said(host, kernel(body, MORE + refused))
    ((number, message, _),), _, _ = host.exceptions()
    assert (kind, NAMES[number]) == (RAISED, "SubkernelError")
    assert "no DRTIO satellite" in message
