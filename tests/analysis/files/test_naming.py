"""Names of datasets: unique, usable, and stable in what comes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analysis.files.naming import identifier, key_of, short_names

PARTS = st.text("ab.1/ -é", min_size=1, max_size=4)
KEYS = st.sets(st.lists(PARTS, min_size=1, max_size=3).map(".".join), max_size=12)


def test_the_last_part_is_the_name():
    assert short_names(["shot.overlaps", "settings.cue.corruption"]) == {
        "overlaps": "shot.overlaps",
        "corruption": "settings.cue.corruption",
    }


def test_results_have_the_plain_name_before_plans_and_settings():
    names = short_names(["settings.imaging.phase", "plan.phase", "shot.phase", "phase"])
    assert names == {
        "phase": "shot.phase",
        "plan_phase": "plan.phase",
        "imaging_phase": "settings.imaging.phase",
        "phase_": "phase",
    }


@given(KEYS)
def test_every_key_has_a_name_of_its_own_that_is_an_identifier(keys):
    names = short_names(keys)
    assert sorted(names.values()) == sorted(keys)
    assert all(name.isidentifier() and name.isascii() for name in names)


@given(KEYS)
def test_names_and_keys_lead_to_keys(keys):
    names = short_names(keys)
    for name, key in names.items():
        assert key_of(key, names) == key
        assert key_of(name, names) in (key, *(k for k in keys if k == name))
    assert key_of("zzz", names) is None


def test_a_setting_without_its_prefix():
    names = short_names(["settings.cue.corruption"])
    assert key_of("cue.corruption", names) == "settings.cue.corruption"


def test_what_is_no_identifier_becomes_one():
    assert identifier("2 pi/é") == "x2_pi__"
