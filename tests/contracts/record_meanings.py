"""Write `compiled_meanings.json`: what ARTIQ's compiler makes of each case.

Run with an interpreter that has ARTIQ: `python tests/contracts/record_meanings.py`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import kernel_meanings  # noqa: E402
from artiq.coredevice.core import CompileError  # noqa: E402
from native_core import NativeCore  # noqa: E402


def compiled_verdicts():
    """Return case to verdict."""
    return {
        name: kernel_meanings.verdict(NativeCore(), name, CompileError)
        for name in kernel_meanings.cases()
    }


if __name__ == "__main__":
    text = json.dumps(compiled_verdicts(), indent=1)
    (HERE / "compiled_meanings.json").write_text(f"{text}\n")
