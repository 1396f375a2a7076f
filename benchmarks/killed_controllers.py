"""Many runs under one `artiq_master`, while the controllers are killed and come back.

The twin holds every controller, so that all die at once, at a random instant of every
few runs, and are started again at once, as a manager does. Meanwhile some shots are
spoilt by faults of the twin's; which, its seed tells beforehand, so that the takes of
every shot are known.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

import analysis
from sim_backend.laboratory.faults import Fault, Faults
from tests.end_to_end.masters import Master

from .held_twin import HeldTwin, held, resident
from .routes import CLASS, DEVICE_DB, EXPERIMENT, announced
from .sweep import Row, sweep

RUNS, SHOTS = 10, 10
#: One in so many runs loses its controllers.
FEW = 3
SPOILING = (Fault.dropped_frame, Fault.site_lost)
FAULTS = tuple(f"{fault}@p=0.05" for fault in SPOILING)
#: What the end of a run whose controllers are gone says.
REASONS = re.compile(r"DeviceError: (.* is gone.*)")
PERIOD = 0.02


class Expected:
    """How often the shots of runs are taken, since their plant began."""

    def __init__(self) -> None:
        self._faults = Faults(FAULTS)

    def takes(self, shots: int) -> list[int]:
        """Return the takes of the next shots."""
        return [self._take() for _ in range(shots)]

    def _take(self) -> int:
        takes, spoilt = 0, True
        while spoilt:
            self._faults.begin(np.empty((0, 2)))
            takes, spoilt = takes + 1, any(map(self._faults.now, SPOILING))
        return takes


def stretch(seed: int, runs: int = RUNS) -> Row:
    """Let runs follow each other under one master; return what became of each."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as name, held(*FAULTS) as twin:
        folder = Path(name)
        (folder / "repository").mkdir()  # which it scans
        with closing(Master(folder, device_db=DEVICE_DB)) as master:
            expected, done, memory = Expected(), [], []
            for _ in range(runs):
                killed = bool(rng.random() < 1 / FEW)
                place = float(rng.uniform(0, SHOTS)) if killed else None
                done.append(one(master, twin, expected, place))
                memory.append(resident(master.process.pid))
                if killed:
                    expected = Expected()
    return {"runs": done, "memory": memory}


def one(master: Master, twin: HeldTwin, expected: Expected, place: float | None) -> Row:
    """Return what became of a run whose controllers are killed `place` shots on."""
    before, logged = len(announced(master.folder)), len(master.log)
    rid = master.submit(str(EXPERIMENT), CLASS, {"shots": SHOTS})
    if place is not None:
        interrupt(master, twin, rid, before, place)
    file = master.finished(rid)
    takes = expected.takes(SHOTS)
    if file is None:
        return {"killed": place is not None, "status": "no file", "shots": 0,
                "repeats": 0, "takes as expected": False, "reason": ""}  # fmt: skip
    with analysis.open(file) as run:
        attempts = [int(takes) for takes in run.attempts] if run.shots else []
        status = str(run.get("status"))
    said = REASONS.findall(master.log[logged:])
    return {
        "killed": place is not None,
        "status": status,
        "shots": len(attempts),
        "repeats": sum(attempts) - len(attempts),
        "takes as expected": attempts == takes[: len(attempts)],
        "reason": said[-1] if said else "",
    }


def interrupt(
    master: Master, twin: HeldTwin, rid: int, before: int, place: float
) -> None:
    """Kill the twin in the shot that `place` tells, and start it again."""
    while rid in master.states():
        said = announced(master.folder)[before:]
        if said and said[-1]["done"] >= int(place):
            begin, last = said[0], said[-1]
            a_shot = (last["clock"] - begin["clock"]) / max(last["done"], 1)
            time.sleep((place - int(place)) * a_shot)
            break
        time.sleep(PERIOD)
    twin.kill()
    twin.start()


def lines(stretches: int) -> list[tuple[str, bool]]:
    """Return the lines of the table, and whether each is as promised."""
    rows = sweep("killed controllers", {"runs": RUNS}, range(stretches), stretch)
    return [line(seed, row) for seed, row in enumerate(rows)]


def line(seed: int, row: Row) -> tuple[str, bool]:
    """Return a line of the table: a stretch, and whether all in it is as promised."""
    runs = row["runs"]
    ends = [run["status"] for run in runs]
    killed = [run for run in runs if run["killed"]]
    wrong = [run for run in runs if not right(run)]
    grown = (row["memory"][-1] - row["memory"][0]) / 1e6
    cells: list[Any] = [
        seed, len(runs), len(killed), ends.count("ok"), ends.count("failed"),
        sum(run["repeats"] for run in runs), len(wrong), f"{grown:.1f}",
    ]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |", not wrong


def right(run: Row) -> bool:
    """Whether a run ended as it should: whole, or with the reason why not."""
    whole = run["status"] == "ok" and run["shots"] == SHOTS
    told = run["killed"] and run["status"] == "failed" and bool(run["reason"])
    return run["takes as expected"] and (whole or told)


def table(lines: Sequence[str]) -> str:
    return "\n".join(
        [
            "",
            "## Controllers killed",
            "",
            f"Stretches of {RUNS} runs of {SHOTS} shots under one `artiq_master`, with "
            "every controller killed by SIGKILL at a random instant of one run in "
            f"{FEW}, and started again at once. The twin spoils shots "
            f"({', '.join(f'`{fault}`' for fault in FAULTS)}), and its seed tells how "
            "often each is taken. *wrong*: runs that are neither ok with every shot, "
            "nor failed by a kill that the log names; or whose shots were taken "
            "another number of times. Promised: none. *grown*: the master's memory, "
            "MB, from the first run's end to the last's.",
            "",
            "| seed | runs | killed | ok | failed | repeats | wrong | grown |",
            "| --- |" + " --: |" * 7,
            *lines,
        ]
    )
