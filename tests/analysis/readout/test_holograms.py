"""A shot is read from its two frames: what the light of the atoms does to verdicts."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.readout.holograms import HologramReader
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.holograms import MovieRecord as R
from ccqed_ctrl.params import Cavity, Cloud


@pytest.fixture
def reader(bench):
    return HologramReader(
        bench.positions, Cavity(), Cloud(), bench.imaging, bench.decoder
    )


def share(bench, field):
    """Return the atoms' light over the reference's."""
    hologram, blank = bench.noiseless(field)
    return np.mean(hologram - blank) / np.mean(blank - bench.imaging.offset)


def judged(reader, frames, spins):
    raw = {R.frames: np.stack(frames).astype(np.uint16), R.saturated: 0}
    return reader.decode(raw, spins).verdict


def test_a_frame_that_lacks_reference_light_is_late(bench, reader, rng):
    spins = bench.random_spins(rng)
    on_time = bench.frames(bench.field(spins), rng)
    assert judged(reader, on_time, spins) is Verdict.ok
    hologram, _ = bench.frames(bench.field(spins), rng, 0.8 * bench.exposure)
    assert judged(reader, (hologram, on_time[1]), spins) is Verdict.late


def test_light_of_many_atoms_is_not_taken_for_the_references(bench, reader, rng):
    spins = bench.random_spins(rng)
    field = bench.field(spins)
    field = field * np.sqrt(0.2 / share(bench, field))
    assert share(bench, field) == pytest.approx(0.2, rel=0.05)
    assert judged(reader, bench.frames(field, rng), spins) is Verdict.ok
    # Late is late, however bright they are.
    _, blank = bench.frames(field, rng, 0.8 * bench.exposure)
    late = bench.frames(field, rng)[0], blank
    assert judged(reader, late, spins) is Verdict.late


# Movies -----------------------------------------------------------------------------


def filmed(bench, rng, states, phases):
    """Return the frames of a movie: spins (G, N) at phases (G,), and the reference."""
    shot = [
        bench.frames(bench.field(spins, phase), rng)
        for spins, phase in zip(states, phases, strict=True)
    ]
    return np.stack([*(hologram for hologram, _ in shot), shot[-1][1]])


def flipping(bench, rng, count):
    """Return states (count, N), each with one spin more turned over."""
    states = np.tile(bench.random_spins(rng), (count, 1))
    for index in range(1, count):
        states[index:, index] *= -1
    return states


def watched(reader, frames, written=None):
    raw = {R.frames: frames, R.saturated: 0, R.sequence: np.arange(len(frames))}
    return reader.decode(raw, written)


def test_the_phase_is_followed_from_hologram_to_hologram(bench, reader, rng):
    states, drift = flipping(bench, rng, 5), 1.2 * np.arange(5)
    frames = filmed(bench, rng, states, drift)
    read = watched(reader, frames, states[0])
    np.testing.assert_array_equal(read.rows[R.movie_spins], states)
    expected = bench.decoder.expected_phase + drift
    np.testing.assert_allclose(read.rows[R.movie_phase], expected, atol=0.02)
    assert read.verdict is Verdict.ok
    # What is read of the last is the shot's.
    np.testing.assert_array_equal(read.rows[R.spins], states[-1])
    np.testing.assert_array_equal(
        read.rows[R.emission], read.rows[R.movie_emission][-1]
    )
    # Alone, by the phase that is believed, it would be read upside down.
    alone = watched(reader, filmed(bench, rng, states[3:4], drift[3:4]))
    np.testing.assert_array_equal(alone.rows[R.spins], -states[3])
    assert R.movie_spins not in alone.rows


def test_a_reference_that_jumps_between_holograms_is_a_verdict(bench, reader, rng):
    states = flipping(bench, rng, 3)
    frames = filmed(bench, rng, states, [0.0, np.pi, np.pi])
    assert watched(reader, frames, states[0]).verdict is Verdict.inverted


def test_a_dim_site_hides_nothing_that_spoils_the_shot(bench, reader, rng):
    states = flipping(bench, rng, 3).astype(float)
    states[0, 3] = 0.02
    still = filmed(bench, rng, states, np.zeros(3))
    assert watched(reader, still).verdict is Verdict.dim_sites
    jumped = filmed(bench, rng, states, [0.0, 0.0, np.pi])
    assert watched(reader, jumped).verdict is Verdict.inverted


def test_a_dark_hologram_does_not_lose_the_phase(bench, reader, rng):
    states = flipping(bench, rng, 4).astype(float)
    states[2] = 0.0
    for _ in range(8):  # noise of any phase
        read = watched(reader, filmed(bench, rng, states, [0.0, 1.0, 0.0, 2.0]))
        np.testing.assert_array_equal(read.rows[R.movie_spins], states)
        assert read.verdict is Verdict.dark


def test_a_movie_that_cannot_be_decoded_has_no_numbers(bench, reader, rng):
    frames = filmed(bench, rng, flipping(bench, rng, 3), np.zeros(3))
    frames[-1] = 500
    read = watched(reader, frames)
    assert read.verdict is Verdict.undecodable
    assert read.rows[R.movie_spins].shape == (3, len(bench.positions))
    assert np.isnan(read.rows[R.movie_phase]).all()
