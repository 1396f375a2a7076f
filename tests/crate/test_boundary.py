"""Between kernels, host and firmware: what the compiler's verdicts cannot show."""

from __future__ import annotations

import numpy as np
import pytest
from artiq.coredevice.comm_kernel import RPCReturnValueError
from artiq.coredevice.exceptions import DMAError
from artiq.experiment import (
    TInt32,
    TInt64,
    TList,
    TNone,
    delay,
    kernel,
    now_mu,
    syscall,
    us,
)
from numpy import int32, int64

from ccqed_ctrl.errors import ExperimentError
from sim_backend.crate.annotations import UNKNOWN, Type, parse


@syscall
def rtio_get_counter() -> TInt64:
    """Return the counter."""


@syscall
def rtio_get_destination_status(linkno: TInt32) -> TInt32:
    """Return whether a destination is up."""


@syscall(flags={"nounwind"})
def open_the_pod_bay_doors(hal: TInt32) -> TNone:
    """Do what no firmware does."""


class Firmware:
    @kernel
    def counter(self):
        return rtio_get_counter(), rtio_get_destination_status(linkno=0)

    @kernel
    def unknown(self):
        open_the_pod_bay_doors(1)


def test_system_calls_reach_the_board(bench):
    lab = bench.experiment(Firmware)
    counter, up = lab.counter()
    assert type(counter) is np.int64
    assert 0 < counter <= bench.core.rtio.counter
    assert up


def test_a_system_call_without_answer_is_refused_by_name(bench):
    with pytest.raises(ExperimentError, match="open_the_pod_bay_doors.*rtio_output"):
        bench.experiment(Firmware).unknown()


class Answers:
    def __init__(self):
        self.reached = False

    def wrong(self) -> TInt32:
        return 0.5

    def fails(self):
        raise OSError("no light")

    @kernel
    def caught_by_type(self):
        try:
            self.wrong()
        except ValueError:
            self.reached = True

    @kernel
    def caught_by_all(self):
        try:
            self.wrong()
        except:  # noqa: E722
            self.reached = True

    @kernel
    def other_errors(self):
        try:
            self.fails()
        except:  # noqa: E722
            return 1
        return 0

    @kernel
    def uncaught(self):
        self.fails()  # the line


def test_no_kernel_catches_an_answer_of_the_wrong_type(bench):
    lab = bench.experiment(Answers)
    for method in (lab.caught_by_type, lab.caught_by_all):
        with pytest.raises(RPCReturnValueError, match=r"Answers\.wrong returned 0\.5"):
            method()
    assert not lab.reached
    assert lab.other_errors() == 1


def test_the_hosts_exception_tells_where_the_kernel_was(bench):
    with pytest.raises(OSError, match="^no light$") as caught:
        bench.experiment(Answers).uncaught()
    there = caught.value.artiq_core_exception
    assert there.name == "OSError"
    assert "self.fails()  # the line" in str(there)
    assert str(there).endswith("OSError(0): no light\n")


class InHandlers:
    def fails(self):
        raise OSError("first")

    @kernel
    def run(self):
        try:
            self.fails()
        except OSError:
            try:
                raise DMAError("second")
            except DMAError:
                self.gives_up()

    def gives_up(self):
        raise ValueError("{third}")


def test_of_errors_in_handlers_the_host_sees_the_first(bench, caplog):
    lab = bench.experiment(InHandlers)
    try:
        raise KeyError("of the host, and none of the kernel's")
    except KeyError:
        with pytest.raises(OSError, match="^first$") as caught:
            lab.run()
    told = str(caught.value.artiq_core_exception)
    texts = ["OSError(0): first", "DMAError(0): second", "ValueError(0): {third}"]
    assert [told.index(text) for text in texts] == sorted(map(told.index, texts))
    assert "KeyError" not in told
    assert not caplog.records  # the first has no braces to fill


def test_braces_that_nothing_fills_are_kept_and_logged(bench, caplog):
    class Braces:
        @kernel
        def run(self):
            raise ValueError("{foo}")

    with pytest.raises(ValueError, match="^{foo}$"):
        bench.experiment(Braces).run()
    [record] = caplog.records
    assert record.name == "artiq.coredevice.comm_kernel"


def test_outside_kernels_the_hosts_time_is_as_before(bench):
    class Hosting:
        @kernel
        def run(self):
            delay(1 * us)

        @kernel
        def fails(self):
            raise ValueError

    lab = bench.experiment(Hosting)
    lab.run()
    with pytest.raises(ValueError, match="ValueError"):
        lab.fails()
    with pytest.raises(NotImplementedError):
        now_mu()


class Gate:
    def __init__(self):
        self.calls = 0

    @kernel
    def __enter__(self):
        self.calls += 1
        delay(1 * us)

    @kernel
    def __exit__(self, kind, value, traceback):
        self.calls += 10
        delay(2 * us)
        return True


class Gated:
    def __init__(self):
        self.gate = Gate()

    @kernel
    def passes(self):
        start = now_mu()
        with self.gate:
            delay(3 * us)
        return now_mu() - start

    @kernel
    def fails(self):
        with self.gate:
            raise ValueError("inside")


def test_context_managers_of_a_helper_are_kernels(bench):
    lab = bench.experiment(Gated)
    assert lab.passes() == 6000
    assert lab.gate.calls == 11
    with pytest.raises(ValueError, match="inside"):  # what a kernel returns stops none
        lab.fails()
    assert lab.gate.calls == 22


class Recordings:
    @kernel
    def nested(self):
        with self.core_dma.record("outer"):
            self.ttl0.pulse(1 * us)
            try:
                with self.core_dma.record("inner"):
                    self.ttl1.pulse(1 * us)
            except DMAError:
                delay(5 * us)
        return self.core_dma.get_handle("outer")[1]

    @kernel
    def broken_off(self):
        with self.core_dma.record("broken"):
            raise ValueError

    @kernel
    def inner(self):
        return self.core_dma.get_handle("inner")


def test_a_recording_inside_another_is_refused_and_the_outer_goes_on(bench):
    lab = bench.experiment(Recordings, "core_dma", "ttl0", "ttl1")
    assert lab.nested() == 6000
    with pytest.raises(DMAError, match="not found"):
        lab.inner()
    with pytest.raises(ValueError, match="ValueError"):
        lab.broken_off()
    assert lab.nested() == 6000


class Switches:
    def __init__(self):
        self.noted = []

    def note(self, values):
        self.noted.append(values)

    @kernel
    def switch_on(self):
        self.core.break_realtime()
        self.dds0.cfg_sw(True)
        self.note([self.urukul0_cpld.cfg_reg & 0xF])
        return self.urukul0_cpld.cfg_reg & 0xF

    @kernel
    def switch_other(self):
        self.core.break_realtime()
        self.dds1.cfg_sw(True)


def test_a_precompiled_kernel_has_the_drivers_attributes_of_then(card):
    lab = card.experiment(Switches, "dds0", "dds1", "urukul0_cpld")
    later = card.core.precompile(lab.switch_on)
    lab.switch_other()
    assert later() == 0b0001
    assert later() == 0b0001
    assert lab.urukul0_cpld.cfg_reg & 0xF == 0b0010
    assert lab.noted == [[1], [1]]
    assert lab.switch_on() == 0b0011


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("TInt64", Type("TInt64")),
        ("TList(TInt32)", Type("TList", (Type("TInt32"),))),
        ("list[int64]", Type("TList", (Type("TInt64"),))),
        ("tuple[int32, float]", Type("TTuple", (Type("TInt32"), Type("TFloat")))),
        (int32, Type("TInt32")),
        (None, Type("TNone")),
        ("None", Type("TNone")),
        ("nowhere", UNKNOWN),
        (int, UNKNOWN),
        ("TList", UNKNOWN),
    ],
)
def test_annotations_are_read_as_the_compiler_reads_them(annotation, kind):
    scope = {"TInt64": TInt64, "TInt32": TInt32, "TList": TList}
    scope |= {"int32": int32, "int64": int64}
    assert parse(annotation, scope) == kind
