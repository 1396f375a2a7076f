"""Output words of any times: what the CPU counts itself is what the crate counts."""

from __future__ import annotations

import pytest
from artiq.coredevice.exceptions import RTIOUnderflow
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("unicorn")
pytest.importorskip("elftools")

from sim_backend.crate.lanes import LANE_DEPTH, Lanes
from tests.kasli.hosts import FINISHED, Host, device
from tests.kasli.programs import kernel

LOOP = """
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %j, %next ]
  %p = getelementptr i64, ptr @times, i32 %i
  %t = load i64, ptr %p
  %h64 = lshr i64 %t, 32
  %h = trunc i64 %h64 to i32
  %l = trunc i64 %t to i32
  store volatile i32 %h, ptr @now
  store volatile i32 %l, ptr getelementptr (i8, ptr @now, i32 8)
  call void @rtio_output(i32 256, i32 %i)
  br label %next
next:
  %j = add i32 %i, 1
  %end = icmp eq i32 %j, COUNT
  br i1 %end, label %done, label %loop
done:
  ret void
"""


def emulated(times, stalls):
    """Return the words and errors of a kernel that outputs at these times."""
    made = device()
    made.board.rtio.stalls = stalls
    table = ", ".join(f"i64 {time_mu}" for time_mu in times)
    source = f"@times = constant [{len(times)} x i64] [{table}]\n"
    host = Host(made.connect())
    kind = host.run(kernel(LOOP.replace("COUNT", str(len(times))), source))
    late = None if kind == FINISHED else host.exceptions()[0][0][2]
    host.close()
    return list(made.board.rtio.submitted), made.board.rtio.errors, late


def interpreted(times, stalls):
    board = device().board
    rtio = board.rtio
    rtio.stalls = stalls
    rtio.spend(rtio.costs.kernel_start)
    late = None
    for number, time_mu in enumerate(times):
        board.cursor.now = time_mu
        try:
            rtio.output(1, 0, number)
        except RTIOUnderflow as error:
            late = (1, time_mu, error.slack_mu)
            break
    rtio.play(max(rtio.counter, rtio.last_mu()))
    return list(rtio.submitted), rtio.errors, late


def compared(times, stalls=None):
    found, expected = emulated(times, stalls or {}), interpreted(times, stalls or {})
    assert found == expected
    return found


START = 50_000_000
STEPS = st.lists(
    st.tuples(st.integers(1, 150), st.integers(-3000, 3000)), min_size=1, max_size=4
)


@settings(max_examples=25)
@given(first=st.integers(0, 200_000), steps=STEPS)
def test_words_of_any_times(first, steps):
    times, now = [], START + first
    for count, step in steps:
        for _ in range(count):
            times.append(now)
            now += step
    compared(times)


def test_a_full_lane_holds_the_cpu_up():
    words, errors, late = compared([START + 10**6 + 1000 * n for n in range(400)])
    counters = [counter for _, counter in words]
    steps = {b - a for a, b in zip(counters[200:], counters[201:], strict=False)}
    assert (len(words), errors, late) == (400, [], None)
    assert steps == {1000}  # it waits for the events, each of which takes 250


def test_lanes_that_are_none_are_a_sequence_error():
    _, errors, _ = compared([START + 10**6 - 8 * n for n in range(12)])
    assert len(errors) == 4


def test_a_cpu_that_is_held_up_is_late():
    times = [START + 10**5 + 10**4 * n for n in range(10)]
    words, _, late = compared(times, {5: 1.0})
    assert len(words) == 5
    assert late[:2] == (1, times[5])


def test_lanes_know_how_much_they_take():
    lanes = Lanes()
    assert lanes.room(0) == LANE_DEPTH + 1
    for coarse in range(1, LANE_DEPTH + 1):
        assert lanes.accept(coarse)
    assert lanes.room(0) == 1
    assert lanes.accept(LANE_DEPTH + 1)
    assert lanes.blocked_until(0) == 1
    assert lanes.room(LANE_DEPTH) == LANE_DEPTH
