"""Kernels that never end: memory stays flat, and Ctrl-C leaves within half a second."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

#: A plant that takes for ever over an event in the future.
SLOW = """
import time
from sim_backend.crate.plant import Laboratory
from sim_backend.crate.recording import RecordingPlant

class Slow(RecordingPlant):
    def advance(self, events, until_mu):
        while until_mu > 1_000_000_000 and any(e.value for e in events):
            time.sleep(0.001)

def make(wiring, truth, seed):
    return Slow()

LABORATORY = Laboratory(plant="slow:make")
"""

TTL = """
import os
def _ttl(kind, n):
    return {"type": "local", "module": "artiq.coredevice.ttl", "class": kind,
            "arguments": {"channel": n}}
device_db = {
    "core": {"type": "local", "module": "artiq.coredevice.core", "class": "Core",
             "arguments": {"host": "192.0.2.1", "ref_period": 1e-9}},
    "led": _ttl("TTLOut", 0), "ttl": _ttl("TTLInOut", 1),
    "core_dma": {"type": "local", "module": "artiq.coredevice.dma",
                 "class": "CoreDMA"},
}
"""

SIMULATE = """
import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).parent))
from sim_backend.ddb import simulate
simulate(device_db, plant="slow")
"""

EXPERIMENT = """
import time
from artiq.experiment import *

class Endless(EnvExperiment):
    def build(self):
        for name in ("core", "core_dma", "led", "ttl", "scheduler"):
            self.setattr_device(name)

    def run(self):
        open("started", "w").close()
        try:
            {run}
        finally:
            self.make_safe()

    @kernel
    def make_safe(self):
        self.core.break_realtime()
        self.led.off()
        self.say()

    def say(self):
        open("safe", "w").close()

    @kernel
    def forever(self):
        self.core.reset()
        {body}

    def rest(self):
        time.sleep(60)

    def wait(self):
        time.sleep(0.005)

    def finished(self):
        open("finished", "w").close()
"""

BODIES = {
    "pulses": "while True:\n            self.led.pulse(1*ms)\n            delay(1*ms)",
    "arithmetic": "x = 0\n        while True:\n            x = x + 1 - 1",
    "input": "while True:\n            t = self.ttl.gate_rising(1*s)\n"
    "            self.ttl.count(t)\n            delay(1*ms)",
    "no_time": "while True:\n            self.ttl.count(now_mu())",
    "far_gate": "self.ttl.count(self.ttl.gate_rising(1e6*s))",
    "rpc": "self.rest()",
    "long_step": "delay(1*s)\n        self.led.on()\n        delay(1*s)\n"
    "        self.core.wait_until_mu(now_mu())",
    "recorded": "with self.core_dma.record('x'):\n            self.led.pulse(1*us)\n"
    "        while True:\n            self.core_dma.playback('x')\n"
    "            delay(100*us)",
}


@pytest.fixture
def start(tmp_path):
    (tmp_path / "device_db.py").write_text(TTL)
    running = []

    def begin(body, run="self.forever()"):
        if body == BODIES["long_step"]:
            (tmp_path / "slow.py").write_text(SLOW)
            (tmp_path / "device_db.py").write_text(TTL + SIMULATE)
        (tmp_path / "endless.py").write_text(EXPERIMENT.format(body=body, run=run))
        command = [sys.executable, "-m", "ccqed_ctrl.cli", "run", "endless.py"]
        running.append(subprocess.Popen(command, cwd=tmp_path, start_new_session=True))
        deadline = time.monotonic() + 60
        while not (tmp_path / "started").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return running[-1]

    yield begin
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def resident(process):
    """Return the kilobytes of the largest process that was started."""
    found = [0]
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(
                line.split(":", 1) for line in status.read_text().splitlines() if line
            )
        except OSError:
            continue
        if int(lines["PPid"]) == process.pid and "VmRSS" in lines:
            found.append(int(lines["VmRSS"].split()[0]))
    return max(found)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_ctrl_c_leaves_the_kernel(start, tmp_path, body):
    process = start(body)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    asked = time.time()
    assert process.wait(30) == 130
    # The safe state is reached, by a kernel, half a second after the wish.
    assert (tmp_path / "safe").stat().st_mtime - asked < 0.5


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_a_shot_is_finished_where_a_pause_follows(start, tmp_path):
    process = start(
        "self.wait()",  # three kernels a shot, longer together than patience lasts
        "while True: self.scheduler.pause(); time.sleep(0.1); self.forever(); "
        "time.sleep(0.1); self.forever(); time.sleep(0.1); self.forever(); "
        "open('finished', 'a').write('.')",
    )
    time.sleep(1)
    shots = (tmp_path / "finished").stat().st_size
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert (tmp_path / "finished").stat().st_size > shots


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_a_kernel_that_asks_ends_by_itself(start, tmp_path):
    process = start(
        "while not self.scheduler.check_pause():\n            self.led.pulse(1*ms)\n"
        "        for _ in range(200):\n            self.core.break_realtime()\n"
        "            self.wait()\n"
        "        self.finished()"
    )
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert (tmp_path / "finished").exists()  # it took its time, and nobody cut in


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("body", ["pulses", "recorded"])
def test_memory_stays_flat(start, body):
    process = start(BODIES[body])
    time.sleep(3)  # the analyzer's buffer fills
    before = resident(process)
    time.sleep(3)
    assert 0 < resident(process) < before + 3_000
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
