"""An unmodified ARTIQ on the emulated core device: what the interpreting twin does."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import analysis
from sim_backend.host import is_embedded

from .conftest import RECALL
from .masters import contents

pytest.importorskip("unicorn")

from sim_backend.crate.drivers import core
from tests.kasli.serving import kasli, laboratory, own_address

pytestmark = [
    pytest.mark.artiq,
    pytest.mark.skipif(
        is_embedded("artiq"), reason="no real ARTIQ in this interpreter"
    ),
]
ARGUMENTS = {"memory": "heart", "shots": 1, "seed": 3}


@pytest.fixture
def boards(monkeypatch):
    """The boards that interpreting cores make."""
    made = []

    class Kept(core.Board):
        def __init__(self, *given):
            super().__init__(*given)
            made.append(self)

    monkeypatch.setattr(core, "Board", Kept)
    return made


def _program(name, *words, folder):
    """Run a program of ARTIQ's; return what it says."""
    command = [sys.executable, "-m", f"artiq.frontend.{name}", *map(str, words)]
    done = subprocess.run(
        command, cwd=folder, check=True, timeout=60, capture_output=True, text=True
    )
    return done.stdout


def told(word, counter):
    time_mu, _, channel, address, data = word
    return [time_mu, channel, address, data & 0xFFFFFFFF, counter]


@pytest.mark.slow
def test_recall_leaves_the_words_and_frames_of_the_interpreting_twin(
    recall, boards, tmp_path
):
    address = own_address()
    database = laboratory(tmp_path, address)
    command = [
        sys.executable, "-m", "artiq.frontend.artiq_run", "--device-db", database,
        "-o", "out.h5", RECALL, *(f"{k}={v!r}" for k, v in ARGUMENTS.items()),
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(RECALL.parents[1])}
    environment.pop("CCQED_BACKEND", None)  # the file as it is: a laboratory's
    with kasli(tmp_path, address):
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=300)
        log = _program("artiq_coremgmt", "-D", address, "log", folder=tmp_path)
        _program("artiq_coreanalyzer", "--device-db", database, "-d", "dump.bin",
                 folder=tmp_path)  # fmt: skip
        assert "connection closed" in log
    ours = recall(None, **ARGUMENTS)
    report = json.loads((tmp_path / "kasli.json").read_text())
    assert report["artiq"] == []
    expected = [told(*one) for one in boards[0].rtio.submitted]
    found = [[*word[:3], word[3] & 0xFFFFFFFF, word[4]] for word in report["words"]]
    assert len(expected) > 300
    assert found == expected
    comm_analyzer = importlib.import_module("artiq.coredevice.comm_analyzer")
    dump = comm_analyzer.decode_dump((tmp_path / "dump.bin").read_bytes())
    events = [
        [m.timestamp, m.channel, m.address, m.data & 0xFFFFFFFF, m.rtio_counter]
        for m in dump.messages[:-1]
    ]
    assert events == expected
    with (
        analysis.open(tmp_path / "out.h5") as theirs,
        analysis.open(ours.path) as same,
    ):
        assert np.array_equal(theirs.frames, same.frames)
    stored = contents(tmp_path / "out.h5")
    assert json.loads(stored["provenance"])["backend"] == "simulation"
    assert stored["backend"] == "simulation"
    assert stored["shot.pixels_wrong"][0] == 0
