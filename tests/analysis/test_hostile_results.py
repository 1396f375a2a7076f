"""Every command answers a harmed results file in a sentence, soon, in little memory.

CCQED_FUZZ=300 tries as many damaged files as that, from CCQED_FUZZ_FROM on.
"""

from __future__ import annotations

import os

import pytest

from .hostile_results import HARMS, fault, harmed, mutilated, questions

FIRST = int(os.environ.get("CCQED_FUZZ_FROM", "0"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("CCQED_FUZZ", "8")))


def faults(path, innocent):
    """Return what is wrong with each answer, by command."""
    asked = questions(path, innocent)
    told = {" ".join(map(str, question)): fault(*question) for question in asked}
    return {question: said for question, said in told.items() if said}


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_harmed_file_is_answered(recalled, tmp_path, harm):
    assert faults(harmed(recalled, harm, tmp_path / "results"), recalled) == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_damaged_file_is_answered(recalled, tmp_path, seed):
    assert faults(mutilated(recalled, seed, tmp_path / "results"), recalled) == {}
