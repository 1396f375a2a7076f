"""Write `compiled_timing.json`: the words ARTIQ's compiler makes of each program.

Run with an interpreter that has ARTIQ: `python tests/contracts/record_timing.py`.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import native  # noqa: E402
import pytest  # noqa: E402
import timing_programs  # noqa: E402
from artiq.master.worker_db import DeviceManager  # noqa: E402


class Laboratory(DeviceManager):
    """The laboratory's real drivers on a core without host: nothing is sent."""

    def __init__(self):
        file = HERE.parents[1] / "device_db.py"
        with pytest.MonkeyPatch.context() as patch:
            # The real drivers, whatever a run of the twin has left in this process.
            patch.delenv("CCQED_BACKEND", raising=False)
            self.entries = runpy.run_path(str(file))["device_db"]
        self.entries["core"]["arguments"]["host"] = None
        super().__init__(None)

    def get_device_db(self):
        return self.entries

    def get_desc(self, name):
        return self.entries[name]


def compiled_words():
    """Return program name to its words (time in mu, target, data)."""
    words = {}
    for name in timing_programs.programs():
        programs = timing_programs.Programs(Laboratory().get)
        function = getattr(timing_programs.Programs, name)
        outputs = native.run(programs.core, function, programs)
        words[name] = [tuple(output) for output in outputs]
    return words


if __name__ == "__main__":
    lines = [
        f"{json.dumps(name)}: {json.dumps(words, separators=(',', ':'))}"
        for name, words in compiled_words().items()
    ]
    (HERE / "compiled_timing.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
