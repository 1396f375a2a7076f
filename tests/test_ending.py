"""How a run ends, and what a shot is worth."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from ccqed_ctrl import cli, ending
from ccqed_ctrl.ending import Ending, Verdict

PAGE = Path(__file__).parents[1] / "docs" / "endings.md"


def test_the_page_is_what_the_code_says():
    command = [sys.executable, "-m", "ccqed_ctrl.ending"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert printed.stdout == ending.page() == PAGE.read_text(encoding="utf-8")
    for word in (*Ending, *Verdict):
        assert f"| {word} |" in printed.stdout


def test_exit_codes():
    codes = {str(how): how.exit_code for how in Ending}
    assert codes == {
        "ok": 0,
        "failed": 1,
        "bad input": 2,
        "storage failed": 3,
        "terminated": 130,
        "interrupted": 130,
        "killed": 137,
    }
    assert (cli.RUN_FAILED, cli.BAD_INPUT, cli.INTERRUPTED) == (1, 2, 130)


@pytest.mark.parametrize("word", [*Ending, *Verdict])
def test_a_member_is_its_text(word):
    kind = type(word)
    assert kind(str(word)) is word
    assert pickle.loads(pickle.dumps(word)) is word
    assert f"{word}" == word.value == word.name.replace("_", " ")
    assert word.meaning


def test_old_files_are_told_in_todays_words():
    assert ending.status_word("exception") == "failed"
    for word in (*Ending, "running", "complete"):
        assert ending.status_word(word) == word
