"""One kill by each route: what was announced is there, and agrees with its frames."""

from __future__ import annotations

import os

import pytest

from benchmarks.kills import ROUTES, BrokenRunError, line, one
from sim_backend.host import is_embedded

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
_artiq = [
    pytest.mark.artiq,
    pytest.mark.slow,
    pytest.mark.skipif(
        is_embedded("artiq"), reason="no real ARTIQ in this interpreter"
    ),
]


@pytest.mark.parametrize(
    "route", [ROUTES[0], *(pytest.param(name, marks=_artiq) for name in ROUTES[1:])]
)
def test_a_killed_run_keeps_what_it_announced(route):
    row = one(route, shots=20, place=3.5)
    assert row["killed"]
    assert 3 <= row["announced"] < 20
    assert row["recovered"] - row["announced"] in (0, 1)
    assert row["analysed"]


def test_a_run_that_fails_by_itself_is_no_kill():
    said = r"after 0 of 0.5 shots(.|\n)*shots must be"
    with pytest.raises(BrokenRunError, match=said):
        one(ROUTES[0], shots=0.5, place=0.2)


def test_a_lost_shot_is_counted():
    kept = {"killed": True, "announced": 4, "recovered": 5, "analysed": True}
    lost = {"killed": False, "announced": 4, "recovered": 2, "analysed": False}
    text, count = line("ccqed", 50, [kept, lost])
    assert count == 2
    assert text == "| ccqed | 50 | 2 | 1 | 8 | 7 | 2 | 1 of 2 |"
