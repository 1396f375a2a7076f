"""ARTIQ's own drivers, interpreted on the board, write the words that ours write."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import timing_programs  # noqa: E402
from test_compiled_timing import TRUTH, Twin  # noqa: E402

from sim_backend.crate import catalogue  # noqa: E402
from sim_backend.crate.rtio import Rtio  # noqa: E402
from sim_backend.host import devices, runner  # noqa: E402

ROOT = HERE.parents[1]

pytestmark = [
    pytest.mark.artiq,
    pytest.mark.skipif(
        importlib.util.find_spec("artiq.compiler") is None,
        reason="needs ARTIQ's drivers",
    ),
    pytest.mark.filterwarnings(
        "ignore::sim_backend.crate.semantics.KernelSemanticsWarning"
    ),
]


def with_artiqs_drivers(device_db):
    """Return the entries of a twin's devices but the core, with ARTIQ's drivers."""
    return {
        key: entry | {"module": entry["module"].replace(catalogue.TWIN, catalogue.REAL)}
        for key, entry in device_db.items()
        if key != "core"
        and isinstance(entry, dict)
        and entry.get("module", "").startswith(catalogue.TWIN)
    }


@pytest.fixture
def recall(monkeypatch, tmp_path):
    """Take one shot; returns the outcome and (kernel, time, target, data) of words."""

    def run(replaced):
        words = []
        submit = Rtio._submit

        def noted(rtio, word):
            target = word.channel << 8 | word.address
            data = word.data if isinstance(word.data, list) else [word.data]
            bits = [item & 0xFFFFFFFF for item in data]
            words.append((rtio.kernel, word.time_mu, target, bits))
            submit(rtio, word)

        request = runner.Request(
            file=ROOT / "repository" / "recall.py",
            arguments={"shots": 1},
            results=tmp_path / "results",
            dataset_db=tmp_path / "datasets.sqlite",
            seed=0,
            replaced=replaced,
        )
        with monkeypatch.context() as patch:
            patch.setattr(Rtio, "_submit", noted)
            return runner.run(request), words

    return run


def test_recall_is_the_same_words(recall):
    replaced = with_artiqs_drivers(devices.load_device_db(ROOT / "device_db.py"))
    assert {entry["class"] for entry in replaced.values()} >= {
        *("AD9910", "CPLD", "SPIMaster", "Zotino", "TTLOut", "TTLInOut"),
        *("CoreDMA", "EdgeCounter", "Sampler"),
    }
    ours, expected = recall({})
    theirs, words = recall(replaced)
    assert (ours.status, theirs.status) == ("ok", "ok"), theirs.error
    assert words == expected
    assert len(words) > 500
    assert theirs.minimum_slack == ours.minimum_slack
    for key in ("frames", "spins"):
        if key in ours.datasets.local:
            assert (ours.datasets.get(key) == theirs.datasets.get(key)).all()


@pytest.mark.parametrize("name", timing_programs.programs())
def test_they_write_the_compiled_words(name):
    twin = Twin()
    twin.device_db |= with_artiqs_drivers(twin.device_db)
    getattr(timing_programs.Programs(twin.get), name)()
    assert twin.words == TRUTH[name]
