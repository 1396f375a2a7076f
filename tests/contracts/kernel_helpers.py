"""What the kernels of `kernel_meanings` use and raise."""

from __future__ import annotations

from artiq.experiment import (
    TInt64,
    kernel,
    portable,
)

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
