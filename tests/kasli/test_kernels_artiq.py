"""Kernels as ARTIQ's compiler makes them, with its drivers, on the emulated core."""

from __future__ import annotations

import numpy as np
import pytest
from artiq.experiment import (
    RTIOUnderflow,
    TArray,
    TBool,
    TFloat,
    TInt32,
    TInt64,
    TList,
    TStr,
    TTuple,
    at_mu,
    delay,
    kernel,
    ms,
    now_mu,
    rpc,
    us,
)

from sim_backend.host import is_embedded

pytest.importorskip("unicorn")
pytest.importorskip("elftools")

from sim_backend.kasli.server import listen
from tests.kasli.hosts import DEVICE_DB, described, device

core_log = print  # a builtin of the compiler, which has no definition in Python

pytestmark = [
    pytest.mark.artiq,
    pytest.mark.skipif(
        is_embedded("artiq"), reason="no real ARTIQ in this interpreter"
    ),
]


class Manager:
    """ARTIQ's drivers of a device database, whose core device is emulated."""

    def __init__(self, emulated):
        from artiq.master.worker_db import DeviceManager

        self.emulated = emulated
        self.listening = listen(emulated.accept, "127.0.0.1", 0)
        entries = DEVICE_DB | {
            "core": described("core", "Core", host="127.0.0.1", ref_period=1e-9),
            "core_dma": described("dma", "CoreDMA"),
            "core_cache": described("cache", "CoreCache"),
        }
        self.devices = DeviceManager(Database(entries))
        core = self.devices.get("core")
        core.comm.port = self.listening.getsockname()[1]

    def make(self, kind):
        made = kind()
        for name in ("core", "core_dma", "core_cache", "ttl0", "ttl1", "in0"):
            setattr(made, name, self.devices.get(name))
        made.said = []
        return made

    def close(self):
        self.devices.close_devices()
        self.emulated.close()
        self.listening.close()


class Database:
    def __init__(self, entries):
        self.entries = entries

    def get_device_db(self):
        return self.entries

    def get(self, key, resolve_alias=False):
        return self.entries[key]


@pytest.fixture(scope="module")
def manager():
    made = Manager(device())
    yield made
    made.close()


class Program:
    @rpc
    def say(self, what: TInt32):
        self.said.append(int(what))

    @rpc(flags={"async"})
    def note(self, what):
        self.said.append(what)

    @rpc
    def fail(self):
        raise ValueError("of the host")


class Values(Program):
    count = 0

    def numbers(self) -> TList(TFloat):
        return [1.5, -2.5]

    def texts(self) -> TTuple([TStr, TList(TStr), TBool]):
        return "é", ["a", "bc"], True

    def table(self) -> TArray(TInt32, 2):
        return np.array([[1, 2], [3, 4]], dtype=np.int32)

    def large(self) -> TInt64:
        return 2**40 + 1

    @kernel
    def run(self):
        self.note(self.numbers())
        word, words, yes = self.texts()
        self.note(word)
        self.note(words)
        self.note(yes)
        self.note(self.table())
        self.note(self.large() * 2)
        self.note(range(3))
        self.count = 7


def test_values_and_attributes(manager):
    program = manager.make(Values)
    program.run()
    *first, table, large, steps = program.said
    assert first == [[1.5, -2.5], "é", ["a", "bc"], True]
    assert table.tolist() == [[1, 2], [3, 4]]
    assert (large, steps, program.count) == (2**41 + 2, range(3), 7)


class Arithmetic(Program):
    a, b, c = 7, -2, 0
    large = 1e300

    @kernel
    def run(self):
        self.note((self.a // self.b, self.a % self.b, self.a / self.b))
        self.note(np.int64(1) << 40)
        self.note(round(2.5) + round(-1.5))
        self.note(int(self.large))
        try:
            self.note(self.a // self.c)
        except ZeroDivisionError:
            self.note("zero")


def test_arithmetic(manager):
    program = manager.make(Arithmetic)
    program.run()
    assert program.said == [(-3, -1, -3.5), 2**40, 1, 2**31 - 1, "zero"]


class Caught(Program):
    @kernel
    def inner(self):
        try:
            self.fail()
        finally:
            self.say(1)

    @kernel
    def again(self):
        try:
            self.inner()
        except ValueError:
            self.say(2)
            raise

    @kernel
    def run(self):
        try:
            self.again()
        except IndexError:
            self.say(0)
        except ValueError:
            self.say(3)
        try:
            try:
                raise IndexError("one")
            finally:
                raise ZeroDivisionError("another")
        except ZeroDivisionError:
            self.say(4)
        for n in range(3):
            try:
                if n == 1:
                    continue
                raise RuntimeError("each")
            except RuntimeError:
                self.say(10 + n)

    @kernel
    def lost(self):
        try:
            self.inner()
        finally:
            self.say(5)


def test_exceptions_are_caught_where_they_are_to_be(manager):
    program = manager.make(Caught)
    program.run()
    assert program.said == [1, 2, 3, 4, 10, 12]


def test_one_of_the_host_comes_back_to_it(manager):
    program = manager.make(Caught)
    with pytest.raises(ValueError, match="of the host") as caught:
        program.lost()
    assert program.said == [1, 5]
    traceback = str(caught.value.artiq_core_exception)
    assert traceback.count("test_kernels_artiq.py") >= 3
    assert "self.inner()" in traceback


class Late(Program):
    @kernel
    def run(self):
        self.core.reset()
        at_mu(1000)
        self.ttl1.on()

    @kernel
    def catch(self):
        self.core.reset()
        try:
            at_mu(1000)
            self.ttl1.on()
        except RTIOUnderflow:
            self.say(1)
            self.core.break_realtime()
            self.ttl1.pulse(2 * us)


def test_underflows(manager):
    program = manager.make(Late)
    with pytest.raises(RTIOUnderflow, match=r"channel 0x0001:ttl1, 1000 mu, slack -"):
        program.run()
    program.catch()
    assert program.said == [1]
    *_, (rise, _), (fall, _) = manager.emulated.board.rtio.submitted
    assert (fall.time_mu - rise.time_mu, rise.data, fall.data) == (2000, 1, 0)


class Recorded(Program):
    @kernel
    def run(self):
        self.core.reset()
        with self.core_dma.record("two"):
            for _ in range(2):
                self.ttl0.pulse(1 * us)
                delay(1 * us)
        handle = self.core_dma.get_handle("two")
        self.core.break_realtime()
        delay(5 * ms)
        start = now_mu()
        self.core_dma.playback_handle(handle)
        self.note((start, now_mu()))
        self.core_cache.put("row", [1, 2, 3])
        self.note(self.core_cache.get("row"))


def test_recorded_sequences_and_rows_that_stay(manager):
    program = manager.make(Recorded)
    program.run()
    (start, end), row = program.said
    words = [word for word, _ in list(manager.emulated.board.rtio.submitted)[-4:]]
    assert end - start == 4000
    assert [word.time_mu - start for word in words] == [0, 1000, 2000, 3000]
    assert row == [1, 2, 3]


class Printed(Program):
    @kernel
    def run(self):
        core_log("so", 3, np.int64(1) << 33, 2.5, [1, 2], "end", True, None)


def test_what_a_kernel_logs_is_in_the_log(manager):
    manager.emulated.log.clear()
    manager.make(Printed).run()
    said = "so 3 8589934592 2.5 [1, 2] end True None"
    assert f"INFO(kernel): {said}" in manager.emulated.log.text()
