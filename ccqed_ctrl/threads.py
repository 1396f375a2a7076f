"""Linear algebra on one thread: what a seed gives depends on no machine's cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import scipy.linalg  # noqa: F401  its library is limited, too, once it is loaded
from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS to one thread in a `with` block, or in a function so decorated.

    Several add in another order: the last bit differs, and dynamics with hundreds of
    flips make another outcome of it. They also wait for each other longer than
    matrices of N sites take.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """Return the numerical libraries that are loaded; finding them takes a while."""
    return ThreadpoolController()
