"""Kernels whose meaning at the host's boundary is known from ARTIQ's compiler.

Each `case_...` of `Meanings` calls kernels from the host; its verdict (`verdict`) is in
`compiled_meanings.json`. They run unchanged in the twin and, through `native_core`, as
compiled code.
"""

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
    portable,
    rpc,
)
from numpy import int32, int64

GAIN = 3


class LostLock(Exception):  # noqa: N818
    """An exception of a laboratory."""


class TwoWords(Exception):  # noqa: N818
    """One that cannot be made from its text alone."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


class Decorated(Exception):  # noqa: N818
    """One that makes its own text."""

    def __init__(self, text):
        super().__init__(f"<{text}>")


class Helper:
    """An object without a core."""

    offset = 4

    @kernel
    def shifted(self, x):
        return x + self.offset


class Gate:
    """A context manager of kernels."""

    def __init__(self):
        self.calls = 0

    @kernel
    def __enter__(self):
        self.calls += 1

    @kernel
    def __exit__(self, kind, value, traceback):
        self.calls += 10


@kernel
def doubled(x):
    return 2 * x


@portable
def tripled(x: TInt64) -> TInt64:
    return 3 * x


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
        return Meanings.WAIT + GAIN

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


class Exceptions:
    """What the host sees of exceptions."""

    def host_fails(self) -> TInt32:
        raise KeyError("host")

    def host_fails_with_two(self):
        raise TwoWords("one", "two")

    def host_fails_with_numbers(self):
        raise LostLock(3, "of {0}")

    @kernel
    def bare_assert(self, x):
        assert x > 3  # noqa: S101

    @kernel
    def worded_assert(self, x):
        assert x > 3, "too small"  # noqa: S101

    @kernel
    def bare(self):
        raise ValueError

    @kernel
    def called(self):
        raise ValueError()

    @kernel
    def worded(self):
        raise ValueError("seven")

    @kernel
    def parameters(self):
        raise ValueError("{0} of {1}, {2}", 3, int64(4))

    @kernel
    def braces(self):
        raise ValueError("a {b} c")

    @kernel
    def own(self):
        raise LostLock("lock {0}", 7)

    @kernel
    def own_bare(self):
        raise LostLock

    @kernel
    def own_two(self):
        raise TwoWords("one")

    @kernel
    def own_decorated(self):
        raise Decorated("text")

    @kernel
    def index(self):
        raise IndexError("name")

    @kernel
    def remote(self):
        return self.host_fails()

    @kernel
    def remote_two(self):
        self.host_fails_with_two()

    @kernel
    def remote_numbers(self):
        self.host_fails_with_numbers()

    def case_assert(self):
        return self.bare_assert(3)

    def case_assert_with_words(self):
        return self.worded_assert(3)

    def case_assert_that_holds(self):
        return self.worded_assert(4)


#: Kernels of `Exceptions`.
RAISED = (
    *("bare", "called", "worded", "parameters", "braces", "index"),
    *("own", "own_bare", "own_two", "own_decorated"),
    *("remote", "remote_two", "remote_numbers"),
)

for _name in RAISED:
    setattr(
        Exceptions,
        f"case_raised_{_name}",
        lambda self, name=_name: getattr(self, name)(),
    )
for _name, _answers in ANSWERS.items():
    for _n, _answer in enumerate(_answers):
        setattr(
            Remote,
            f"case_answer_{_name}_{_n}",
            lambda self, name=_name, answer=_answer: self._asked(
                getattr(self, f"ask_{name}"), answer
            ),
        )


class Frozen:
    """Kernels compiled before they are run."""

    def __init__(self):
        self.level = 1
        self.levels = [1, 2]
        self.child = Helper()
        self.child.offset = 10
        self.seen = []

    def now(self) -> TInt32:
        return self.level

    def set_level(self, level):
        self.level = int(level)

    @kernel
    def read(self, x):
        return self.level, self.levels[0], self.child.offset, x

    @kernel
    def count(self):
        self.level += 1
        self.levels[0] += 1
        return self.level, self.levels[0]

    @kernel
    def compare(self):
        return self.level, self.now()

    @kernel
    def change(self):
        self.set_level(9)
        return self.level

    def _changed(self):
        self.level, self.levels[0], self.child.offset = 5, 6, 7

    def case_precompiled_attributes(self):
        later = self.core.precompile(self.read, 3)
        self._changed()
        return later(), self.read(3), self.level

    def case_precompiled_list_of_arguments(self):
        numbers = [1, 2]
        later = self.core.precompile(self.same, numbers)
        numbers[0] = 5
        return later(), numbers

    def case_precompiled_counts_anew(self):
        later = self.core.precompile(self.count)
        return later(), later(), self.level, self.levels

    def case_precompiled_asks_the_host(self):
        later = self.core.precompile(self.compare)
        self._changed()
        return later()

    def case_precompiled_changes_the_host(self):
        later = self.core.precompile(self.change)
        return later(), self.level, later()

    def case_precompiled_object_replaced(self):
        later = self.core.precompile(self.read, 3)
        self.child = Helper()
        return later()

    def case_precompiled_compared_with_run(self):
        self._changed()
        return self.core.precompile(self.read, 3)(), self.read(3)


class Meanings(Arguments, Calls, Remote, Exceptions, Frozen):
    """All of them."""

    def __init__(self, core):
        for part in (Calls, Remote, Frozen):
            part.__init__(self)
        self.core = core


def cases():
    """Return the cases' names."""
    return sorted(name for name in dir(Meanings) if name.startswith("case_"))


def verdict(core, name, refusals):
    """Return what becomes of a case: a description of its result or its exception."""
    try:
        return f"returns {described(getattr(Meanings(core), name)())}"
    except refusals:
        return "refused"
    except Exception as error:
        kind = type(error).__name__
        crossed = getattr(error, "artiq_core_exception", None)
        known = "" if crossed is None else f", to ARTIQ {crossed.name}"
        if kind == "RPCReturnValueError":  # its words are ARTIQ's
            return f"raises {kind}"
        return f"raises {kind}({str(error)!r}{known})"


def described(value):
    """Return a value with its types."""
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(described, value))
        return f"{type(value).__name__}({inner})"
    if isinstance(value, np.ndarray):
        return f"array({value.tolist()})"
    return f"{type(value).__name__} {value}"
