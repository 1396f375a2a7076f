"""What a kernel gets of remote procedure calls."""

from __future__ import annotations

import numpy as np
from artiq.experiment import (
    TArray,
    TBool,
    TFloat,
    TInt32,
    TInt64,
    TList,
    TNone,
    TStr,
    TTuple,
    kernel,
    rpc,
)
from numpy import int32, int64


class Remote:
    """Calls of the host from a kernel."""

    def __init__(self):
        self.answer = None
        self.seen = None

    def note(self, x):
        self.seen = x

    def give_nothing(self):
        return self.answer

    def give_narrow(self) -> TInt32:
        return self.answer

    def give_wide(self) -> TInt64:
        return self.answer

    def give_real(self) -> TFloat:
        return self.answer

    def give_truth(self) -> TBool:
        return self.answer

    def give_text(self) -> TStr:
        return self.answer

    def give_numbers(self) -> TList(TInt32):
        return self.answer

    def give_wides(self) -> TList(TInt64):
        return self.answer

    def give_reals(self) -> TList(TFloat):
        return self.answer

    def give_truths(self) -> TList(TBool):
        return self.answer

    def give_array(self) -> TArray(TFloat):
        return self.answer

    def give_counts(self) -> TArray(TInt32, 2):
        return self.answer

    def give_pair(self) -> TTuple([TInt32, TFloat]):
        return self.answer

    def give_none(self) -> TNone:
        return self.answer

    def give_python_types(self) -> list[float]:
        return self.answer

    @rpc(flags={"async"})
    def later(self):
        return 5

    @kernel
    def tell(self, x):
        self.note(x)

    @kernel
    def tell_literal(self):
        self.note((1, int64(2), 0.5, True, "a", [1, 2]))

    @kernel
    def ask_nothing(self):
        self.give_nothing()

    @kernel
    def ask_narrow(self):
        return self.give_narrow() + 1

    @kernel
    def ask_wide(self):
        return self.give_wide() << 33

    @kernel
    def ask_real(self):
        return self.give_real()

    @kernel
    def ask_truth(self):
        return self.give_truth()

    @kernel
    def ask_text(self):
        return self.give_text()

    @kernel
    def ask_numbers(self):
        return self.give_numbers()[0]

    @kernel
    def ask_wides(self):
        return self.give_wides()[0]

    @kernel
    def ask_reals(self):
        return self.give_reals()[0]

    @kernel
    def ask_truths(self):
        return self.give_truths()[0]

    @kernel
    def ask_array(self):
        return self.give_array()[0]

    @kernel
    def ask_counts(self):
        return self.give_counts()[0][1]

    @kernel
    def ask_pair(self):
        return self.give_pair()

    @kernel
    def ask_none(self):
        self.give_none()

    @kernel
    def ask_python_types(self):
        return self.give_python_types()[0]

    @kernel
    def ask_later(self):
        self.later()

    def case_told_an_integer(self):
        self.tell(5)
        return self.seen

    def case_told_literals(self):
        self.tell_literal()
        return self.seen

    def case_async_result_is_dropped(self):
        return self.ask_later()

    def _asked(self, kernel_method, answer):
        self.answer = answer
        return kernel_method()


#: Kernel of `Remote` to answers of the host.
ANSWERS = {
    "nothing": (None, 5),
    "none": (None, 0),
    "narrow": (5, int32(5), int64(5), True, 2**31, -(2**31), 5.0, None),
    "wide": (5, int32(5), int64(5), 2**40, 2**63, True, 5.0),
    "real": (0.5, np.float64(0.5), np.float32(0.5), 5, True),
    "truth": (True, np.bool_(True), 1),
    "text": ("a", "", "a\0b", b"a"),
    "numbers": ([5], [int64(5)], [2**31], [0.5], (5,), np.array([5]), [True]),
    "wides": ([5], [int32(5)], [2**63]),
    "reals": ([0.5], [5], [np.float32(0.5)], np.array([0.5])),
    "truths": ([True, False], [np.bool_(True)], [1]),
    "array": (np.array([0.5]), np.array([5]), np.array([[0.5]]), [0.5]),
    "counts": (np.array([[1, 2]]), np.array([[1.5, 2.5]]), np.array([[1, 2**33 + 7]])),
    "pair": ((1, 0.5), (1, 2), [1, 0.5], (1,)),
    "python_types": ([0.5], [5]),
}
