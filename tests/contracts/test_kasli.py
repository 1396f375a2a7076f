"""The emulated core device against what ARTIQ's compiler was recorded to mean.

The programs are those of `compiled_timing.json` and `compiled_meanings.json`, compiled
for a Kasli this time, and run on one device after another as a laboratory would.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("unicorn")
pytest.importorskip("elftools")

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import kernel_meanings  # noqa: E402
import timing_programs  # noqa: E402

from sim_backend.crate.board import Board  # noqa: E402
from sim_backend.crate.link import Link  # noqa: E402
from sim_backend.crate.recording import RecordingPlant  # noqa: E402
from sim_backend.kasli.device import Device  # noqa: E402
from sim_backend.kasli.server import listen  # noqa: E402

HAS_COMPILER = importlib.util.find_spec("artiq.compiler") is not None
pytestmark = [
    pytest.mark.artiq,
    pytest.mark.skipif(not HAS_COMPILER, reason="needs ARTIQ's compiler"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of numpy, in it
]
TIMING = json.loads((HERE / "compiled_timing.json").read_text())
MEANINGS = json.loads((HERE / "compiled_meanings.json").read_text(encoding="utf8"))
#: Where the record is not what a device does, and why, by case.
EXPLAINED = {
    # Recorded without writing attributes back: the host's 5 becomes the kernel's.
    "case_precompiled_attributes": ("int 5)", "int32 5)"),
}


@pytest.fixture
def connected():
    """Connect ARTIQ's core driver to a new device with a database's cards."""
    made = []

    def connect(core, device_db):
        device = Device(Board(device_db, Link(None, {}, plant=RecordingPlant())))
        listening = listen(device.accept, "127.0.0.1", 0)
        made.append((core, device, listening))
        core.comm.port = listening.getsockname()[1]
        return device

    yield connect
    for core, device, listening in made:
        core.close()
        device.close()
        listening.close()


@pytest.mark.parametrize("name", timing_programs.programs())
def test_the_words_are_the_compiled_ones(connected, name):
    from artiq.coredevice.comm_kernel import CommKernel
    from record_timing import Laboratory

    laboratory = Laboratory()
    programs = timing_programs.Programs(laboratory.get)
    core = programs.core
    core.comm = CommKernel("127.0.0.1")
    device = connected(core, laboratory.entries)
    getattr(programs, name)()
    words = [
        [word.time_mu, word.channel << 8 | word.address, word.data & 0xFFFFFFFF]
        for word, _ in device.board.rtio.submitted
    ]
    assert words == TIMING[name]


@pytest.fixture
def core():
    """ARTIQ's core driver, with devices of its own only."""
    from artiq.coredevice.core import Core

    class Devices:
        def get(self, name):
            return made

    made = Core(Devices(), "127.0.0.1", 1e-9)
    return made


@pytest.mark.parametrize("name", kernel_meanings.cases())
def test_kernels_mean_what_they_were_recorded_to(connected, core, name):
    from artiq.coredevice.core import CompileError

    connected(core, {})
    recorded = MEANINGS[name].replace(*EXPLAINED.get(name, ("", "")))
    assert kernel_meanings.verdict(core, name, CompileError) == recorded
