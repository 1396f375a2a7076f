"""Rows of a sweep: kept, gone on with, never mixed."""

from __future__ import annotations

import pytest

from benchmarks.sweep import sweep


def taken(seen, *, until=99):
    def take(seed):
        if seed >= until:
            raise KeyboardInterrupt
        seen.append(seed)
        return {"square": seed**2}

    return take


def test_an_interrupted_sweep_goes_on(tmp_path):
    first, second = [], []
    with pytest.raises(KeyboardInterrupt):
        sweep("a", {}, range(5), taken(first, until=3), store=tmp_path)
    rows = sweep("a", {}, range(5), taken(second), store=tmp_path)
    assert (first, second) == ([0, 1, 2], [3, 4])
    assert rows == [{"seed": seed, "square": seed**2} for seed in range(5)]


def test_rows_of_other_settings_do_not_count(tmp_path):
    seen = []
    sweep("a", {"shots": 6}, range(2), taken(seen), store=tmp_path)
    sweep("a", {"shots": 7}, range(2), taken(seen), store=tmp_path)
    assert seen == [0, 1, 0, 1]


def test_a_row_cut_in_writing_is_taken_again(tmp_path):
    seen = []
    sweep("a", {}, range(2), taken(seen), store=tmp_path)
    path = tmp_path / "a.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    for _ in range(2):
        rows = sweep("a", {}, range(2), taken(seen), store=tmp_path)
    assert seen == [0, 1, 1]
    assert [row["square"] for row in rows] == [0, 1]
