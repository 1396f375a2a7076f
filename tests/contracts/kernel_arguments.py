"""What arrives of the arguments of kernels, and what a call in one means."""

from __future__ import annotations

import numpy as np
from artiq.experiment import (
    TArray,
    TBool,
    TFloat,
    TInt32,
    TInt64,
    TList,
    TStr,
    TTuple,
    kernel,
)
from kernel_helpers import GAIN, Gate, Helper, doubled, tripled
from numpy import int32, int64


class Arguments:
    """What a kernel is given, and what comes back."""

    @kernel
    def same(self, x):
        return x

    @kernel
    def wide(self, x: TInt64):
        return x

    @kernel
    def shifted(self, x: TInt64):
        return x << 33

    @kernel
    def narrow(self, x: TInt32):
        return x

    @kernel
    def real(self, x: TFloat):
        return x

    @kernel
    def truth(self, x: TBool):
        return x

    @kernel
    def text(self, x: TStr):
        return x

    @kernel
    def wide_list(self, x: TList(TInt64)):
        return x[0] << 33

    @kernel
    def real_list(self, x: TList(TFloat)):
        return x[0]

    @kernel
    def array(self, x: TArray(TFloat)):
        return x[1]

    @kernel
    def pair(self, x: TTuple([TInt32, TFloat])):
        return x

    @kernel
    def wide_default(self, x: TInt64 = 5):
        return x

    @kernel
    def keyword(self, x, y: TInt64):
        return x, y

    def case_integer(self):
        return self.same(5)

    def case_integer_of_64_bits(self):
        return self.same(2**40)

    def case_numpy_integers(self):
        return self.same((int32(1), int64(2)))

    def case_numpy_bool(self):
        return self.same(np.bool_(True))

    def case_numpy_float(self):
        return self.same(np.float64(0.5))

    def case_list_of_integers(self):
        return self.same([1, 2, 3])

    def case_list_of_floats(self):
        return self.same([1.0, 2.0])

    def case_list_of_bools(self):
        return self.same([True, False])

    def case_list_of_wide_integers(self):
        return self.same([2**40, 1])

    def case_tuple(self):
        return self.same((1, 0.5, True, "a", None))

    def case_text(self):
        return self.text("words")

    def case_nothing(self):
        return self.same(None)

    def case_wide(self):
        return self.wide(5)

    def case_wide_of_numpy_32(self):
        return self.wide(int32(5))

    def case_wide_of_numpy_64(self):
        return self.wide(int64(5))

    def case_wide_of_float(self):
        return self.wide(5.0)

    def case_wide_of_bool(self):
        return self.wide(True)

    def case_wide_is_wide(self):
        return self.shifted(1)

    def case_wide_default(self):
        return self.wide_default()

    def case_keyword(self):
        return self.keyword(1, y=2)

    def case_narrow(self):
        return self.narrow(5)

    def case_narrow_of_numpy_64(self):
        return self.narrow(int64(5))

    def case_narrow_of_bool(self):
        return self.narrow(True)

    def case_narrow_of_float(self):
        return self.narrow(1.0)

    def case_narrow_of_too_much(self):
        return self.narrow(2**40)

    def case_narrow_of_unsigned(self):
        return self.narrow(0x87654321)

    def case_float_of_integer(self):
        return self.real(5)

    def case_float_of_numpy(self):
        return self.real(np.float64(0.25))

    def case_float_of_bool(self):
        return self.real(True)

    def case_bool_of_numpy(self):
        return self.truth(np.bool_(False))

    def case_bool_of_integer(self):
        return self.truth(1)

    def case_text_of_integer(self):
        return self.text(1)

    def case_wide_list(self):
        return self.wide_list([1, 2])

    def case_wide_list_of_tuple(self):
        return self.wide_list((1, 2))

    def case_real_list_of_integers(self):
        return self.real_list([1, 2])

    def case_real_list_of_array(self):
        return self.real_list(np.array([1.0, 2.0]))

    def case_array(self):
        return self.array(np.array([0.5, 1.5]))

    def case_array_of_list(self):
        return self.array([0.5, 1.5])

    def case_array_of_integers(self):
        return self.array(np.array([1, 2]))

    def case_pair(self):
        return self.pair((1, 0.5))

    def case_pair_of_integers(self):
        return self.pair((1, 2))

    def case_array_comes_back(self):
        return self.same(np.array([0.5, 1.5]))


class Calls:
    """Kernels that call kernels, and numbers."""

    def __init__(self):
        self.helper, self.gate = Helper(), Gate()
        self.big = 2**31
        self.yes = np.bool_(True)

    WAIT = 5

    @kernel
    def own_class(self):
        return Calls.WAIT + GAIN

    @kernel
    def helpers(self):
        return self.helper.shifted(1), doubled(int32(3))

    @kernel
    def wraps(self):
        return int32(0x87654321), int32(int64(1) << 33), np.int32(self.big)

    @kernel
    def widths(self):
        return int64(5), int32(5), int(2.75), int32(-2.75), int64(1) + 1, tripled(1)

    @kernel
    def annotated(self) -> TInt64:
        return 5

    @kernel
    def callee(self, x: TInt64):
        return x << 33

    @kernel
    def caller(self):
        return self.callee(1)

    @kernel
    def booleans(self):
        return self.yes, not self.yes, self.yes and 1 < 2

    @kernel
    def gated(self):
        with self.gate:
            self.gate.calls += 1000
        return self.gate.calls

    def case_context_manager_of_kernels(self):
        return self.gated()

    def case_own_class(self):
        return self.own_class()

    def case_helpers_without_core(self):
        return self.helpers()

    def case_int32_wraps(self):
        return self.wraps()

    def case_widths(self):
        return self.widths()

    def case_annotated_result(self):
        return self.annotated()

    def case_annotated_parameter_of_an_inner_kernel(self):
        return self.caller()

    def case_numpy_bool_attribute(self):
        return self.booleans()
