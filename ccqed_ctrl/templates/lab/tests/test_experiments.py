"""What the experiments do, on the digital twin."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1] / "repository"


def test_a_recall_finds_its_memory(ccqed_run):
    run = ccqed_run(REPOSITORY / "recall.py", seed=1, corruption=0.05)
    assert run.datasets["shot.pixels_wrong"] == [0]
    assert run.left_on == []


def test_a_state_is_held_as_long_as_asked(ccqed_run):
    short, long = (
        ccqed_run(REPOSITORY / "emission_vs_hold.py", hold_time=hold_time)
        for hold_time in (0.0, 1e-3)
    )
    (off,), (later,) = (run.pulses("longitudinal_switch") for run in (short, long))
    assert (later[1] - later[0]) - (off[1] - off[0]) == pytest.approx(1e-3)
    assert short.datasets["shot.light"][0] > 0
