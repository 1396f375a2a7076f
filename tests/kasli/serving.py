"""`ccqed kasli` in a process of its own, at an address of this computer of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Serves, and tells in the end which words reached RTIO, and whose `artiq` it had.
PROGRAM = """
import argparse, json, sys
from sim_backend.host import SITE
from sim_backend.kasli.command import KASLI
from ccqed_ctrl import cli

out, *words = sys.argv[1:]
sys.path.insert(0, str(SITE))
from sim_backend.kasli import launch

made = []
class Kept(launch.Device):
    def __init__(self, *given):
        super().__init__(*given)
        made.append(self)
launch.Device = Kept
parser = argparse.ArgumentParser()
KASLI.fill(parser)
code = launch.serve(parser.parse_args(words))
told = [[*word[:1], *word[2:], counter] for word, counter in
        made[0].board.rtio.submitted]
artiq = [name for name, module in sys.modules.items() if name.split(".")[0] == "artiq"
         and not str(module.__file__).startswith(str(SITE))]
with open(out, "w") as file:
    json.dump({"words": told, "artiq": artiq, "log": made[0].log.text()}, file)
sys.exit(code)
"""


def own_address() -> str:
    """Return a loopback address that no other process of the tests takes."""
    number = os.getpid()
    return f"127.{1 + (number >> 16) % 200}.{number >> 8 & 255}.{1 + number % 250}"


def laboratory(folder: Path, address: str) -> Path:
    """Write the laboratory's device database, of which addresses alone are changed."""
    text = (ROOT / "device_db.py").read_text(encoding="utf8")
    changed = text.replace('"192.168.1.70"', repr(address)).replace(
        '"host": "::1"', f'"host": "{address}"'
    )
    assert changed.count(address) == 2
    path = folder / "device_db.py"
    path.write_text(changed, encoding="utf8")
    belief = (ROOT / "laboratory.toml").read_text(encoding="utf8")
    path.with_name("laboratory.toml").write_text(belief, encoding="utf8")
    return path


@contextmanager
def kasli(folder: Path, address: str, *options: str):
    """Serve until the end of the block; the report is then in kasli.json."""
    command = [
        sys.executable, "-c", PROGRAM, folder / "kasli.json", "--bind", address,
        "--device-db", folder / "device_db.py", *options,
    ]  # fmt: skip
    process = subprocess.Popen(
        list(map(str, command)),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert "ready" in process.stdout.readline(), process.communicate()[1]
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
