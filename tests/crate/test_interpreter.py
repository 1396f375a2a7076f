"""What a kernel means compiled: blocks, integers, names; tried in Python."""

from __future__ import annotations

import warnings

import pytest
from artiq.experiment import (
    delay,
    delay_mu,
    interleave,
    kernel,
    now_mu,
    parallel,
    portable,
    sequential,
    us,
)

from ccqed_ctrl.errors import TimelineError
from sim_backend.crate.semantics import KernelSemanticsWarning

WAIT = 250


@portable
def wait_twice():
    delay(1 * us)
    delay(2 * us)


class Blocks:
    @kernel
    def loop(self):
        with parallel:
            for _ in range(3):
                delay(1 * us)
            delay(2 * us)

    @kernel
    def branch(self, yes=True):
        with parallel:
            if yes:
                delay(1 * us)
                delay(2 * us)
            delay(2 * us)

    @kernel
    def function(self):
        with parallel:
            wait_twice()
            delay(1 * us)

    @kernel
    def nested(self):
        with parallel:
            with sequential:
                delay(1 * us)
                with parallel:
                    delay(5 * us)
                    for _ in range(2):
                        delay(3 * us)
                delay(1 * us)
            with parallel:
                delay(4 * us)
                delay(7 * us)

    @kernel
    def backwards(self):
        with parallel:
            delay(-2 * us)
            delay(-1 * us)

    @kernel
    def mixed(self):
        with parallel:
            delay(-2 * us)
            delay_mu(3)

    @kernel
    def interleaved(self):
        with interleave:
            delay(3 * us)
            with sequential:
                delay(1 * us)
                delay(1 * us)

    @kernel
    def measure(self, program):
        start = now_mu()
        program()
        return now_mu() - start


@pytest.mark.parametrize(
    ("program", "duration"),
    [
        ("loop", 3000),
        ("branch", 3000),
        ("function", 3000),
        ("nested", 8000),
        ("backwards", 0),
        ("mixed", 3),
        ("interleaved", 3000),
    ],
)
def test_parallel_rewinds_before_top_level_statements_only(bench, program, duration):
    lab = bench.experiment(Blocks)
    assert lab.measure(getattr(lab, program)) == duration


def test_pulses_in_parallel_start_together(bench):
    class Pulses:
        @kernel
        def run(self):
            self.core.reset()
            with parallel:
                for _ in range(2):
                    self.ttl0.pulse(1 * us)
                    delay(1 * us)
                self.ttl1.pulse(3 * us)

    bench.experiment(Pulses, "ttl0", "ttl1").run()
    first, second = bench.timeline.pulses("ttl0")
    (other,) = bench.timeline.pulses("ttl1")
    assert other == (first[0], first[0] + 3000)
    assert second == (first[0] + 2000, first[0] + 3000)


def test_an_exception_leaves_the_cursor_where_it_was_raised(bench):
    class Raises:
        @kernel
        def run(self):
            start = now_mu()
            try:
                with parallel:
                    delay(5 * us)
                    with sequential:
                        delay(1 * us)
                        raise ValueError("inside")
            except ValueError:
                delay(10 * us)
            return now_mu() - start

        @kernel
        def inside_handler(self):
            start = now_mu()
            try:
                raise ValueError("outside")
            except ValueError:
                with parallel:
                    delay(5 * us)
                    delay(1 * us)
            return now_mu() - start

    lab = bench.experiment(Raises)
    assert lab.run() == 11_000
    assert lab.inside_handler() == 5000


def test_interleave_around_drivers_is_refused_as_by_the_compiler(bench):
    class Interleaved:
        @kernel
        def run(self):
            self.core.reset()
            with interleave:
                self.ttl0.pulse(1 * us)

        @kernel
        def after(self):
            self.core.reset()
            self.ttl0.pulse(1 * us)

    lab = bench.experiment(Interleaved, "ttl0")
    with pytest.raises(TimelineError, match="interleave"):
        lab.run()
    lab.after()
    assert len(bench.timeline.pulses("ttl0")) == 1


class Integers:
    def __init__(self):
        self.total = 2**31 - 2

    @kernel
    def shift(self):
        return 1 << 31

    @kernel
    def add(self, a, b):
        return a + b

    @kernel
    def accumulate(self):
        self.total += 3
        return self.total

    @kernel
    def wide(self, a):
        return int64(a) * 1000 + (1 << 20)  # noqa: F821

    @kernel
    def divide(self, a, b):
        return a // b

    @kernel
    def rounded(self, x):
        return round(x)

    @kernel
    def lists(self):
        values = [1, 2] * 2
        values += [3]
        return values + [4]


@pytest.mark.parametrize(
    ("method", "arguments", "result", "line"),
    [
        ("shift", (), -(2**31), "1 << 31"),
        ("add", (2147483000, 1000), -2147483296, "a + b"),
        ("accumulate", (), -(2**31) + 1, "self.total += 3"),
    ],
)
def test_integers_wrap_at_32_bits_and_say_where(bench, method, arguments, result, line):
    lab = bench.experiment(Integers)
    with pytest.warns(KernelSemanticsWarning, match="32 bits") as caught:
        assert getattr(lab, method)(*arguments) == result
    with open(caught[0].filename, encoding="utf-8") as source:  # noqa: PTH123
        assert line in source.read().splitlines()[caught[0].lineno - 1]


def test_64_bit_integers_do_not_wrap(bench):
    lab = bench.experiment(Integers)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lab.wide(10**9) == 10**12 + 2**20
        assert lab.add(2**40, 1) == 2**40 + 1


@pytest.mark.parametrize(
    ("a", "b", "quotient"), [(7, -2, -3), (-7, 2, -3), (-1, 2, 0), (-1, 3, 0)]
)
def test_division_truncates_and_says_so(bench, a, b, quotient):
    with pytest.warns(KernelSemanticsWarning, match="truncates"):
        assert bench.experiment(Integers).divide(a, b) == quotient


@pytest.mark.parametrize(("a", "b"), [(7, 2), (-8, 2), (-7, -2), (-7.0, 2.0)])
def test_division_that_is_the_same_on_both_is_silent(bench, a, b):
    assert bench.experiment(Integers).divide(a, b) == a // b


@pytest.mark.parametrize(("x", "n"), [(0.5, 1), (2.5, 3), (-1.5, -2), (1.2, 1)])
def test_round_takes_halves_away_from_zero(bench, x, n):
    assert bench.experiment(Integers).rounded(x) == n


def test_sequences_keep_their_operators(bench):
    assert bench.experiment(Integers).lists() == [1, 2, 1, 2, 3, 4]


def test_closures_globals_defaults_and_private_names_survive(bench):
    offset = 5

    class Scopes:
        __step = 7

        @kernel
        def run(self, a=3, *, b=4):
            return a, b, offset, WAIT, self.__step, self.other()

        @kernel
        def other(self):
            return [offset + i for i in range(2)]

    lab = bench.experiment(Scopes)
    assert lab.run(b=9) == (3, 9, 5, 250, 7, [5, 6])
    offset = 6
    assert lab.run()[2] == 6
    assert Scopes.run.__name__ == "run"


def test_super_reaches_the_parent_kernel(bench):
    class Parent:
        @kernel
        def run(self):
            return 1

    class Child(Parent):
        @kernel
        def run(self):
            return super().run() + 1

    assert bench.experiment(Child).run() == 2


def test_tracebacks_show_the_kernel_line(bench):
    class Fails:
        @kernel
        def run(self):
            delay(1 * us)
            return [1][3]  # out of range here

    with pytest.raises(IndexError) as error:
        bench.experiment(Fails).run()
    entry = error.traceback[-1]
    assert "out of range here" in str(entry.statement)
    assert entry.name == "run"
