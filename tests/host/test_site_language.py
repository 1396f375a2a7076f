"""The names and the language; every expected value was printed by ARTIQ-9."""

from __future__ import annotations

import artiq.experiment
import pytest
from artiq.experiment import (
    GHz,
    TArray,
    TFloat,
    TInt32,
    TInt64,
    TList,
    TNone,
    TTuple,
    TVar,
    at_mu,
    dB,
    delay,
    delay_mu,
    host_only,
    interleave,
    kernel,
    kernel_from_string,
    kV,
    mHz,
    now_mu,
    nW,
    parallel,
    portable,
    ps,
    rpc,
    s,
    sequential,
    set_time_manager,
    subkernel,
    syscall,
    us,
    watchdog,
)
from artiq.language import core

# `from artiq.experiment import *` under ARTIQ 9 (3740b92e), artiq.md section 4.
LINES = """
kernel portable rpc subkernel syscall host_only kernel_from_string
delay delay_mu now_mu at_mu sequential parallel interleave watchdog
set_time_manager set_watchdog_factory TerminationRequested
TNone TBool TInt32 TInt64 TFloat TStr TBytes TByteArray TTuple TList TArray
TRange32 TRange64 TVar
NoDefault DefaultMissing PYONValue BooleanValue EnumerationValue NumberValue
StringValue HasEnvironment Experiment EnvExperiment CancelledArgsError
ScanObject NoScan RangeScan CenterScan ExplicitScan Scannable MultiScanManager
ps ns us ms s mHz Hz kHz MHz GHz dB uV mV V kV uA mA A nW uW mW W
RTIOUnderflow RTIOOverflow
"""
NAMES = LINES.split()


def test_exactly_the_74_names():
    namespace = {}
    exec("from artiq.experiment import *", namespace)
    del namespace["__builtins__"]
    assert len(NAMES) == 74
    assert sorted(namespace) == sorted(NAMES)
    assert sorted(artiq.experiment.__all__) == sorted(NAMES)


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        (ps, 1e-12),
        (us, 1e-6),
        (mHz, 1e-3),
        (GHz, 1e9),
        (dB, 1.0),
        (kV, 1e3),
        (nW, 1e-9),
    ],
)
def test_units_are_the_literals(unit, value):
    assert unit == value


class RecordingCore:
    def __init__(self):
        self.calls = []

    def run(self, function, args, kwargs):
        self.calls.append((function, args, kwargs))
        return function.artiq_embedded.function(*args, **kwargs)


class Owner:
    def __init__(self):
        self.core = RecordingCore()
        self.second = RecordingCore()

    @kernel
    def plain(self, a, b=2):
        """Documented."""
        return a + b

    @kernel("second")
    def elsewhere(self):
        return 5

    @kernel(flags={"fast-math"})
    def flagged(self):
        return 6


def test_a_kernel_is_handed_to_its_core():
    owner = Owner()
    assert owner.plain(1, b=4) == 5
    assert owner.core.calls == [(Owner.plain, (owner, 1), {"b": 4})]
    assert owner.elsewhere() == 5
    assert len(owner.second.calls) == 1
    assert Owner.plain.__name__ == "plain"
    assert Owner.plain.__doc__ == "Documented."


def test_what_the_decorators_record():
    info = Owner.flagged.artiq_embedded
    assert info._fields == (
        "core_name", "portable", "function", "syscall", "forbidden", "destination",
        "flags",
    )  # fmt: skip
    assert (info.core_name, info.portable, info.flags) == ("core", False, {"fast-math"})

    @portable(flags={"x"})
    def anywhere():
        return 1

    @rpc(flags={"async"})
    def later():
        return 2

    @host_only
    def never():
        return 3

    @syscall("c_name")
    def call():
        return 4

    @syscall
    def own_name():
        return 4

    assert (anywhere(), later(), never(), call()) == (1, 2, 3, 4)
    assert anywhere.artiq_embedded.portable
    assert anywhere.artiq_embedded.function is anywhere
    assert later.artiq_embedded.flags == {"async"}
    assert later.artiq_embedded.core_name is None
    assert never.artiq_embedded.forbidden
    assert call.artiq_embedded.syscall == "c_name"
    assert own_name.artiq_embedded.syscall == "own_name"


def test_a_subkernel_is_prepared_then_run():
    calls = []

    class Core:
        def prepare_subkernel(self, destination, function, args, kwargs):
            calls.append((destination, args[1:], kwargs))
            return 17

        def run_subkernel(self, sid):
            calls.append(sid)

    class Remote:
        core = Core()

        @subkernel(destination=3)
        def work(self, a):
            pass

    Remote().work(a=1)
    assert calls == [(3, (), {"a": 1}), 17]
    assert Remote.work.artiq_embedded.destination == 3


def test_kernel_from_string_keeps_its_text():
    function = kernel_from_string(
        ["a", ("b", "float")], "c = a\nreturn c + b", portable
    )
    assert function(1, b=2) == 3
    text = function.artiq_embedded.function
    assert text.splitlines()[1:] == ["    c = a", "    return c + b"]


def test_kernel_from_string_refuses_what_is_not_python():
    with pytest.raises(SyntaxError):
        kernel_from_string(["a"], "return (")


class Clock:
    def __init__(self):
        self.log = []

    def __getattr__(self, name):
        return lambda *args: self.log.append((name, *args))


def test_statements_reach_the_time_manager():
    clock = Clock()
    before = core._time_manager
    set_time_manager(clock)
    try:
        with parallel, sequential:
            delay_mu(5)
        delay(1 * us)
        at_mu(7)
        now_mu()
        with interleave:
            pass
    finally:
        set_time_manager(before)
    assert clock.log == [
        ("enter_parallel",), ("enter_sequential",), ("take_time_mu", 5), ("exit",),
        ("exit",), ("take_time", 1e-6), ("set_time_mu", 7), ("get_time_mu",),
        ("enter_parallel",), ("exit",),
    ]  # fmt: skip


def test_without_a_core_device_time_is_refused():
    if not type(core._time_manager).__name__.startswith(("_No", "_Dummy")):
        pytest.skip("another test has left a time manager")
    with pytest.raises(NotImplementedError):
        delay_mu(1)


def test_watchdogs():
    entered = False
    with watchdog(1 * s):
        entered = True
    assert entered


def test_types_describe_function_signatures():
    def function(a: TInt32, b: TList(TFloat), c: TArray(TInt64, 2)) -> TNone:
        return None

    assert TInt32 != TInt64
    assert TList(TFloat) == TList(TFloat)
    assert TList(TFloat) != TList(TInt32)
    assert TTuple([TInt32, TFloat]) != TTuple([TInt32])
    assert TVar() != TVar()
    assert function(1, [2.0], None) is None
