"""docs/reading.md: every line runs."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import h5py
import pytest

from ccqed_ctrl import cli

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(
    r"```(\w+)\n(.*?)```", (ROOT / "docs" / "reading.md").read_text(), re.DOTALL
)
COMMANDS = [
    line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()
]


@pytest.fixture
def workplace(recalled, scanned, tmp_path, monkeypatch):
    """A folder with results of two runs, of which the last is a scan."""
    results = tmp_path / "results"
    results.mkdir()
    for rid, path in enumerate((recalled, scanned)):
        copy = shutil.copy(path, results / f"{rid:09d}-Recall.h5")
        with h5py.File(copy, "a") as file:
            file["rid"][()] = rid
    (tmp_path / "repository").mkdir()
    shutil.copy(ROOT / "repository" / "recall.py", tmp_path / "repository")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_line_runs(workplace, capsys):
    assert len(COMMANDS) > 5
    for line in COMMANDS:
        program, *arguments = shlex.split(line)
        assert program == "ccqed"
        assert cli.main(arguments) == 0, line
        assert capsys.readouterr().out
    names = {}
    for kind, block in BLOCKS:
        if kind == "python":
            exec(compile(block, "docs/reading.md", "exec"), names)
    assert names["run"].path.name == "000000001-Recall.h5"
    assert names["data"].sizes["S"] == 8
    assert len(names["table"]) == 2
    written = {path.name for path in workplace.iterdir()}
    assert {"runs.csv", "run.png", "run.nc", "shots.csv", "annotated.h5"} <= written
