"""Every command answers a harmed results file in a sentence, soon, in little memory.

Each file meets every third command, each command every third file. CCQED_FUZZ=300 asks
all of all, and tries as many damaged files as that, from CCQED_FUZZ_FROM on.
"""

from __future__ import annotations

import os

import pytest

from .hostile_results import HARMS, fault, harmed, mutilated, questions

FIRST = int(os.environ.get("CCQED_FUZZ_FROM", "0"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("CCQED_FUZZ", "8")))
SHARE = 1 if "CCQED_FUZZ" in os.environ else 3


def faults(path, innocent, case):
    """Return what is wrong with each answer, by command."""
    asked = list(questions(path, innocent))[case % SHARE :: SHARE]
    told = {" ".join(map(str, question)): fault(*question) for question in asked}
    return {question: said for question, said in told.items() if said}


@pytest.mark.parametrize("case", range(len(HARMS)), ids=lambda i: HARMS[i].__name__)
def test_a_harmed_file_is_answered(recalled, tmp_path, case):
    path = harmed(recalled, HARMS[case], tmp_path / "results")
    assert faults(path, recalled, case) == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_damaged_file_is_answered(recalled, tmp_path, seed):
    assert faults(mutilated(recalled, seed, tmp_path / "results"), recalled, seed) == {}
