"""Several holograms of one evolution: when each is taken, and how."""

from __future__ import annotations

import numpy as np

from tests.sequences.test_holographic_shot import LINES, Laboratory, plan, track


def test_holograms_of_one_evolution_are_an_interval_apart():
    made = plan(holograms=3, interval=34e-3)
    raw, events = Laboratory().take(made)
    found = {line: track(events, line) for line in LINES}
    alone = found["longitudinal_switch"][-1][0]
    starts = [t for t, level in found["ttl_camera"] if level]
    middles = np.array(starts) + 20_500 - alone
    np.testing.assert_array_equal(middles[:3], np.rint(made.movie.times * 1e9))
    np.testing.assert_array_equal(np.diff(starts[:3]), 34_000_000)
    # The pump stays on to the last; reference light is there with each frame.
    assert starts[2] < found["pump_plus_switch"][-1][0] < starts[3]
    assert [t for t, on in found["local_oscillator_switch"] if on] == [
        start - 6000 for start in starts
    ]
    by_name = {entry.key: value for entry, value in raw.items()}
    assert by_name["shot.frames"].shape == (4, 32, 32)
    np.testing.assert_array_equal(by_name["shot.sequence"], np.arange(4))
    # The plan leaves out what the DAC's bus takes, 0.8 us.
    np.testing.assert_allclose(by_name["shot.lateness"], [0, 0, 0, 0.8e-6], atol=1e-7)


def test_holograms_come_as_soon_as_the_camera_has_read_out():
    _, events = Laboratory().take(plan(holograms=2))
    first, second, _ = [t for t, level in track(events, "ttl_camera") if level]
    assert second - first == 33_000_000 + 41_000 + 2 * 6_000
