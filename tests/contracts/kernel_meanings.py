"""Kernels whose meaning at the host's boundary is known from ARTIQ's compiler.

Each `case_...` of `Meanings` calls kernels from the host; its verdict (`verdict`) is in
`compiled_meanings.json`. They run unchanged in the twin and, through `native_core`, as
compiled code.
"""

from __future__ import annotations

import numpy as np
from artiq.experiment import (
    TInt32,
    kernel,
)
from kernel_arguments import Arguments, Calls
from kernel_helpers import Decorated, Helper, LostLock, TwoWords
from kernel_remote import ANSWERS, Remote
from numpy import int64


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
