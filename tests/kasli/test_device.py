"""The device as a whole: what kernels can call, and that it does not grow."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("unicorn")
pytest.importorskip("elftools")

from sim_backend.kasli import runtime
from sim_backend.kasli.device import CALLS
from tests.kasli.bench import HEAD
from tests.kasli.hosts import FINISHED, Host, device
from tests.kasli.programs import at, kernel


def test_each_call_has_somebody_who_answers():
    made = device()
    assert set(made._handlers()) == set(CALLS)
    assert len(set(CALLS)) == len(CALLS)


@pytest.mark.parametrize("name", ["sin", "jn", "rtio_log", "i2c_read", "spi_read"])
def test_what_firmware_offers_is_found(name):
    assert device().machine.resolve(name)


@pytest.mark.parametrize("name", ["fma", "malloc", "_counter", "__bss_start", ".1"])
def test_what_it_does_not_offer_is_not(name):
    assert device().machine.resolve(name) is None


def memory():
    """Return the memory of this process, bytes."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_many_runs_of_a_kernel_do_not_grow():
    host = Host(device().connect())
    body = f"{at(10**9)} call void @rtio_output(i32 256, i32 1) ret void"
    data = runtime.compiled(HEAD + kernel(body.replace(str(10**9), "2000000000")))
    # Later kernels find the time past, and are told so, which is a run, too.
    before = 0
    for number in range(300):
        if host.run(data) == FINISHED:
            host.unpack("B")
        else:
            host.exceptions()
        if number == 50:
            before = memory()
    assert memory() - before < 5e6
    host.close()
