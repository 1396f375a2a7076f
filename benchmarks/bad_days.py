"""`python -m benchmarks bad_days [-o PAGE.md]`: does a laboratory find itself again?

Each seed draws a bad day: axis, magnification and rotation of the traps, size of the
clouds, light of the pump, phase of the drive, all wrong at once. Recall from 10 %
corruption with what a laboratory believes by default, after `ccqed calibrations --run`,
which sees frames alone, and with beliefs that are true. Seeds taken are kept: the same
command goes on where it stopped. Exit code 1 where calibrating brings less back than
within 0.1 of true beliefs on nine of ten days.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import analysis
from analysis.statistics import binomial
from ccqed_ctrl.belief import Apparatus
from ccqed_ctrl.calibration import stored
from ccqed_ctrl.calibration.record import Record, key
from ccqed_ctrl.units import angular

from .sweep import ROOT, Promise, get_argparser, origin, promises, publish, sweep

#: How far from that of true beliefs the share of recalls may be, on how many days.
WITHIN, DAYS = 0.1, 0.9
#: Share of default beliefs below which a day is a bad one.
BAD = 0.3


@dataclass(frozen=True)
class Day:
    """What is true of the twin, SI; the rest is its default."""

    axis_x: float
    axis_y: float
    magnification: float
    rotation: float
    rabi_frequency_1v: float
    size: float
    phase: float

    @classmethod
    def drawn(cls, seed: int) -> Day:
        """Draw a day: each is at least half as far off as it may be, but the phase."""
        rng = np.random.default_rng(seed)

        def off(most: float) -> float:
            return float(rng.choice([-1, 1]) * rng.uniform(most / 2, most))

        turn, far = rng.uniform(0, 2 * np.pi), abs(off(3e-6))
        return cls(
            axis_x=float(far * np.cos(turn)), axis_y=float(far * np.sin(turn)),
            magnification=1 + off(0.03), rotation=off(np.deg2rad(1.0)),
            rabi_frequency_1v=angular(150e6) * 1.5 ** (off(1.0) / 2),
            size=Apparatus().cloud.size * (1 + abs(off(0.2))),
            phase=float(rng.uniform(-np.pi, np.pi)),
        )  # fmt: skip

    @property
    def scenario(self) -> str:
        """The day as a TOML file of the twin's."""
        return "\n".join([
            "[alignment]", f"axis_x = {self.axis_x}", f"axis_y = {self.axis_y}",
            f"magnification = {self.magnification}", f"rotation = {self.rotation}",
            "[pump_calibration]", f"rabi_frequency_1v = {self.rabi_frequency_1v}",
            "[cloud]", f"size = {self.size}", "[longitudinal]", f"phase = {self.phase}",
        ])  # fmt: skip

    @property
    def believed(self) -> dict[str, float]:
        """The same as true beliefs, by "group.field"."""
        cosine = self.magnification * np.cos(self.rotation)
        sine = self.magnification * np.sin(self.rotation)
        return {
            "axis.x": self.axis_x, "axis.y": self.axis_y,
            "traps.xx": cosine, "traps.xy": -sine, "traps.yx": sine, "traps.yy": cosine,
            "pump_calibration.rabi_frequency_1v": self.rabi_frequency_1v,
            "cloud.size": self.size, "longitudinal.phase": self.phase,
        }  # fmt: skip


def take(seed: int, shots: int) -> dict[str, object]:
    """Return how many of `shots` cues are recalled exactly, by belief, and the day."""
    day = Day.drawn(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "day.toml").write_text(day.scenario)
        refused = _ccqed(folder, "calibrated", seed, "calibrations", "--run")
        true = {
            key(of): Record(float(value), 0, "true").to_dict()
            for of, value in day.believed.items()
        }
        stored.write(folder / "true.sqlite", true)
        exact = {}
        for belief in ("default", "calibrated", "true"):
            said = _ccqed(
                folder, belief, seed, "run", "recall", f"shots={shots}",
                "corruption=0.1",
            )  # fmt: skip
            if said:
                raise RuntimeError(said)
            (path,) = (folder / f"run_{belief}").rglob("*.h5")
            with analysis.open(path) as run:
                exact[belief] = int(np.count_nonzero(run.pixels_wrong == 0))
    return {"day": asdict(day), "exact": exact, "shots": shots, "refused": refused}


def _ccqed(folder: Path, belief: str, seed: int, *words: str) -> str:
    """Run a command on the day; return what it complained of, empty if it was well."""
    results = folder / f"{words[0]}_{belief}"
    results.mkdir()
    command = [
        *(sys.executable, "-m", "ccqed_ctrl.cli", *words, "-q", f"--seed={seed}"),
        *(f"--twin={folder / 'day.toml'}", f"--dataset-db={folder / belief}.sqlite"),
        f"--results={results}",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def verdicts(rows: Sequence[dict]) -> list[Promise]:
    """Return the promises, over all days."""
    shares = {
        belief: np.array([row["exact"][belief] / row["shots"] for row in rows])
        for belief in ("default", "calibrated", "true")
    }
    near = int(np.sum(shares["calibrated"] >= shares["true"] - WITHIN))
    bad = int(np.sum(shares["default"] < BAD))
    needed = int(np.ceil(DAYS * len(rows)))
    said = [row["refused"] for row in rows if row["refused"]]
    return [
        (f"days within {WITHIN:g} of true beliefs", f"{needed} of {len(rows)}",
         str(near), near >= needed),
        (f"days below {BAD:g} by default", f"{int(0.8 * len(rows))} of {len(rows)}",
         str(bad), bad >= int(0.8 * len(rows))),
        ("calibrations refused", "none", "; ".join(said) or "none", not said),
    ]  # fmt: skip


def page(rows: Sequence[dict]) -> tuple[str, bool]:
    """Return the page, and whether all promises were kept."""
    made = verdicts(rows)
    lines = [
        "# Bad days, and what calibrating brings back",
        "",
        "`python -m benchmarks bad_days`: exact recalls from 10 % corruption (shares "
        f"with 95 % intervals, {rows[0]['shots']} shots each) with default beliefs, "
        "after `ccqed calibrations --run`, and with true beliefs. All of the table is "
        "wrong at once.",
        "",
        *promises("of the days", made),
        "",
        "| day | axis | magnification | rotation | P/P_th | cloud | drive | default | "
        "calibrated | true |",
        "| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for row in rows:
        day, found = row["day"], row["exact"]
        power = (day["rabi_frequency_1v"] / angular(150e6)) ** 2
        size = day["size"] / Apparatus().cloud.size - 1
        off = (
            f"{day['axis_x'] * 1e6:+.1f}, {day['axis_y'] * 1e6:+.1f} um",
            f"{day['magnification'] - 1:+.1%}", f"{np.rad2deg(day['rotation']):+.1f}°",
            f"x {power:.2f}", f"{size:+.0%}", f"{day['phase']:+.1f} rad",
        )  # fmt: skip
        shown = (_share(found[one], row["shots"]) for one in found)
        lines.append(f"| {row['seed']} | {' | '.join((*off, *shown))} |")
    lines += ["", origin([row["seed"] for row in rows])]
    return "\n".join(lines) + "\n", all(kept for *_, kept in made)


def _share(exact: int, shots: int) -> str:
    low, high = binomial(exact, shots).interval
    return f"{exact / shots:.2f} ({low:.2f} to {high:.2f})"


def main(arguments: list[str]) -> int:
    """Run, print the page, and say by the exit code whether promises were kept."""
    parser = get_argparser("bad_days", __doc__, "10")
    parser.add_argument("--shots", type=int, default=100, help="of each recall")
    options = parser.parse_args(arguments)
    rows = sweep(
        "bad_days", {"shots": options.shots}, options.seeds,
        lambda seed: take(seed, options.shots), jobs=options.jobs,
    )  # fmt: skip
    return publish(*page(rows), options.output)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
