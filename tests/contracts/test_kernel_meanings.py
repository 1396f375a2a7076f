"""At the host's boundary the twin's kernels mean what ARTIQ's compiler makes of them.

`compiled_meanings.json` holds the compiler's verdicts (`record_meanings.py` writes it);
where ARTIQ is installed it is checked against the compiler itself.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from ccqed_ctrl.errors import ExperimentError  # noqa: E402
from sim_backend.host import ensure_artiq  # noqa: E402

ensure_artiq()

import kernel_meanings  # noqa: E402

from sim_backend.crate.drivers.core import Core  # noqa: E402
from sim_backend.crate.link import Link  # noqa: E402

TRUTH = json.loads((HERE / "compiled_meanings.json").read_text(encoding="utf-8"))
HAS_COMPILER = importlib.util.find_spec("artiq.compiler") is not None


class Devices:
    """A core device and nothing else."""

    def get_device_db(self):
        return {}

    def get(self, name):
        assert name == "plant"
        return Link(self, {})


@pytest.mark.parametrize("name", kernel_meanings.cases())
def test_the_twin_agrees_with_the_compiler(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        core = Core(Devices(), None, 1e-9)
        assert kernel_meanings.verdict(core, name, ExperimentError) == TRUTH[name]


@pytest.mark.artiq
@pytest.mark.skipif(not HAS_COMPILER, reason="needs ARTIQ's compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of numpy, in the compiler
def test_the_stored_verdicts_are_the_compilers():
    from record_meanings import compiled_verdicts

    assert compiled_verdicts() == TRUTH


def test_every_kind_of_verdict_is_there():
    assert set(TRUTH) == set(kernel_meanings.cases())
    kinds = {text.split("(")[0].split()[0] for text in TRUTH.values()}
    assert kinds == {"returns", "raises", "refused"}
