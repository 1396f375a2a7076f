"""The twin's RTIO words are those of the kernels as ARTIQ's compiler makes them.

`compiled_timing.json` holds the compiler's words (`record_timing.py` writes it); where
ARTIQ is installed it is checked against the compiler itself.
"""

from __future__ import annotations

import importlib.util
import json
import runpy
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import timing_programs  # noqa: E402

from sim_backend.crate.link import Link  # noqa: E402
from sim_backend.ddb import simulate  # noqa: E402

TRUTH = {
    name: [tuple(word) for word in words]
    for name, words in json.loads((HERE / "compiled_timing.json").read_text()).items()
}
HAS_COMPILER = importlib.util.find_spec("artiq.compiler") is not None


class Still:
    """A plant where nothing happens."""

    def advance(self, events, until_mu):
        """Ignore."""

    def observe(self, channel, signal, time_mu):
        return 0.0

    def edges(self, channel, start_mu, stop_mu):
        return []


class Twin:
    """The laboratory's devices, simulated, with every RTIO word noted."""

    def __init__(self):
        device_db = runpy.run_path(str(HERE.parents[1] / "device_db.py"))["device_db"]
        self.device_db = simulate(device_db)
        self.made = {"plant": Link(self, {}, plant=Still())}
        self.words = []
        rtio = self.get("core").rtio
        submit = rtio._submit

        def noted(word):
            target = word.channel << 8 | word.address
            self.words.append((word.time_mu, target, word.data & 0xFFFFFFFF))
            submit(word)

        rtio._submit = noted

    def get_device_db(self):
        return self.device_db

    def get(self, name):
        if name not in self.made:
            entry = self.device_db[name]
            driver = getattr(importlib.import_module(entry["module"]), entry["class"])
            self.made[name] = driver(self, **entry.get("arguments", {}))
        return self.made[name]


@pytest.mark.filterwarnings(
    "ignore::sim_backend.crate.semantics.KernelSemanticsWarning"
)
@pytest.mark.parametrize("name", timing_programs.programs())
def test_the_twin_writes_the_compiled_words(name):
    twin = Twin()
    getattr(timing_programs.Programs(twin.get), name)()
    assert twin.words == TRUTH[name]
    errors = twin.get("core").rtio.errors
    assert not [error for error in errors if "busy" in error]


@pytest.mark.artiq
@pytest.mark.skipif(not HAS_COMPILER, reason="needs ARTIQ's compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of numpy, in the compiler
def test_the_stored_words_are_the_compilers():
    from record_timing import compiled_words

    assert compiled_words() == TRUTH


def test_there_are_enough_programs():
    assert len(timing_programs.programs()) >= 25
    assert set(TRUTH) == set(timing_programs.programs())


@pytest.mark.artiq
@pytest.mark.skipif(not HAS_COMPILER, reason="needs ARTIQ's compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_compiler_too_refuses_drivers_inside_interleave():
    import native
    from artiq.coredevice.core import CompileError
    from record_timing import Laboratory

    laboratory = Laboratory()
    programs = timing_programs.Refused(laboratory.get)
    with pytest.raises(CompileError):
        native.run(programs.core, timing_programs.Refused.interleaved, programs)


def test_the_twin_refuses_them(monkeypatch):
    from ccqed_ctrl.errors import TimelineError

    with pytest.raises(TimelineError, match="interleave"):
        timing_programs.Refused(Twin().get).interleaved()
