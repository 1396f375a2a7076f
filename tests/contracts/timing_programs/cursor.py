"""Programs about the cursor: rounding, branches, `with parallel`, numbers."""

from __future__ import annotations

from artiq.experiment import (
    at_mu,
    delay,
    delay_mu,
    kernel,
    ms,
    now_mu,
    ns,
    parallel,
    sequential,
    us,
)
from numpy import int32, int64

from .base import Base, half, pulse_train


class CursorPrograms(Base):
    @kernel
    def program_rounding(self):
        at_mu(1000000000)
        for n in range(1, 30):
            delay(n * us)
            self.mark()
            delay(n * ns)
            self.mark()
        delay(7 * ms)
        self.mark()

    @kernel
    def program_rounding_of_halves(self):
        at_mu(1000000000)
        for time in self.times:
            delay(time)
            self.mark()
            delay(-time)
            delay(100 * us)
            self.mark()

    @kernel
    def program_seconds_to_mu(self):
        at_mu(1000000000)
        for n in range(1, 40):
            delay_mu(self.core.seconds_to_mu(n * us))
            self.mark()

    @kernel
    def program_negative_delays(self):
        at_mu(1000000000)
        delay(100 * us)
        self.a.pulse(1 * us)
        delay(-10 * us)
        self.b.pulse(2 * us)
        delay_mu(-500)
        self.c.on()

    @kernel
    def program_at_mu_into_the_past(self):
        at_mu(1000000000)
        start = now_mu()
        delay(50 * us)
        self.a.on()
        at_mu(start - 10000)
        self.b.on()
        at_mu(start + 20000)
        self.c.on()

    @kernel
    def program_loop_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            for _ in range(3):
                self.a.pulse(1 * us)
                delay(1 * us)
            self.b.pulse(4 * us)
        self.c.on()

    @kernel
    def program_while_in_parallel(self):
        at_mu(1000000000)
        n = 0
        with parallel:
            while n < 3:
                self.a.pulse(1 * us)
                delay(500 * ns)
                n += 1
            self.b.pulse(2 * us)
        self.c.on()

    @kernel
    def program_branch_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            if self.thousand == 1000:
                self.a.pulse(1 * us)
                delay(3 * us)
                self.a.pulse(1 * us)
            else:
                self.c.on()
            self.b.pulse(2 * us)
        self.c.on()

    @kernel
    def program_portable_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            pulse_train(self.a, 2)
            self.b.pulse(1 * us)
        self.c.on()

    @kernel
    def program_kernel_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            self.mark()
            self.b.pulse(1 * us)
        self.c.on()

    @kernel
    def program_sequential_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            with sequential:
                self.a.pulse(1 * us)
                delay(1 * us)
                self.a.pulse(1 * us)
            with sequential:
                delay(2 * us)
                self.b.pulse(5 * us)
        self.c.on()

    @kernel
    def program_nested_parallel(self):
        at_mu(1000000000)
        with parallel:
            with sequential:
                delay(1 * us)
                with parallel:
                    self.a.pulse(5 * us)
                    for _ in range(2):
                        self.b.pulse(2 * us)
                        delay(1 * us)
                delay(1 * us)
            with parallel:
                delay(4 * us)
                self.c.pulse(7 * us)
        self.a.on()

    @kernel
    def program_parallel_in_a_loop(self):
        at_mu(1000000000)
        for n in range(3):
            with parallel:
                self.a.pulse((n + 1) * us)
                self.b.pulse(2 * us)
            delay(1 * us)

    @kernel
    def program_parallel_that_ends_before_it_began(self):
        at_mu(1000000000)
        with parallel:
            delay(-2 * us)
            with sequential:
                self.a.on()
                delay(-1 * us)
        self.b.on()

    @kernel
    def program_at_mu_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            at_mu(1000050000)
            self.a.pulse(1 * us)
        self.b.on()

    @kernel
    def program_assignments_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            width = 2 * us
            delay(3 * us)
            self.a.pulse(width)
        self.b.on()

    @kernel
    def program_try_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            try:
                delay(1 * us)
                self.a.pulse(1 * us)
            finally:
                self.a.pulse(1 * us)
            self.b.pulse(1 * us)
        self.c.on()

    @kernel
    def program_break_and_continue(self):
        at_mu(1000000000)
        for n in range(10):
            delay(1 * us)
            if n % 2 == 0:
                continue
            if n > 6:
                break
            self.a.pulse(500 * ns)
        else:
            self.b.on()
        self.c.on()

    @kernel
    def program_integer_division(self):
        at_mu(1000000000)
        self.a.pulse_mu(7 // -2 + 100)
        delay_mu(8)
        self.a.pulse_mu(self.minus_seven // 2 + 100)
        delay_mu(8)
        self.a.pulse_mu(self.minus_seven % 5 + 100)
        delay_mu(8)
        self.a.pulse_mu(self.thousand // 7 + 100)

    @kernel
    def program_integer_wrap(self):
        at_mu(1000000000)
        total = 2147483000
        total += self.thousand
        self.a.pulse_mu((total & 0xFFFF) + 8)
        delay_mu(8)
        shifted = 1 << 31
        self.a.pulse_mu(100 if shifted < 0 else 200)
        delay_mu(8)
        product = self.thousand * 3000000
        self.a.pulse_mu((product & 0xFFFF) + 8)
        delay_mu(8)
        wide = int64(self.thousand) * 3000000
        self.a.pulse_mu((wide & 0xFFFF) + 8)

    @kernel
    def program_rounding_function(self):
        at_mu(1000000000)
        for value in [0.5, 1.5, 2.5, 3.49, -0.5, -1.5, -2.5]:
            self.a.pulse_mu(round(value) + 100)
            delay_mu(8)
        self.a.pulse_mu(round(half(self.one_and_half * 3.0)) + 100)

    @kernel
    def program_conversions(self):
        at_mu(1000000000)
        self.a.pulse_mu(int32(3.9) + 100)
        delay_mu(8)
        self.a.pulse_mu(int(2.5) + 100)
        delay_mu(8)
        self.a.pulse_mu(int64(round(self.one_and_half * 1000)))
        delay_mu(8)
        self.a.pulse_mu(100 if bool(self.thousand) else 50)

    @kernel
    def shifted(self, channel, offset, high=True):
        start = now_mu()
        delay_mu(offset)
        channel.set_o(high)
        return now_mu() - start

    @kernel
    def program_calls_with_keywords(self):
        at_mu(1000000000)
        first = self.shifted(self.a, 40)
        second = self.shifted(self.b, 40, high=False)
        third = self.shifted(self.c, offset=8)
        delay_mu(first + second + third)
        self.a.on()

    @kernel
    def program_devices_in_a_list(self):
        at_mu(1000000000)
        for channel in [self.a, self.b, self.c]:
            channel.pulse(1 * us)
            delay_mu(16)

    @kernel
    def program_exceptions(self):
        at_mu(1000000000)
        try:
            with parallel:
                self.a.pulse(5 * us)
                self.b.pulse(2 * us)
            self.c.pulse(1 * us)
        finally:
            delay(1 * us)
            self.a.on()
