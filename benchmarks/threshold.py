"""`python -m benchmarks threshold [-o TABLE.md] [NAME=VALUE ...]`: is its error true?

Runs `pump_threshold` of the repository on the twin for many seeds, with arguments,
and compares what it fits with what is true of the twin: how the pulls (fitted - true) /
error are distributed, and how the errors compare with the least that photons and atom
numbers allow (Cramer-Rao, their noise known, all shots above the threshold used). Ends
with exit code 1 where that is not as promised. Seeds taken are kept: the same command
goes on where it stopped.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import analysis
from ccqed_ctrl.params import PumpCalibration
from sim_backend.laboratory.physics.cavity import cloud_averages, mode_couplings
from sim_backend.laboratory.physics.system import SpinSystem
from sim_backend.laboratory.physics.thresholds import ensemble_thresholds
from sim_backend.laboratory.scenario import Scenario

from .sweep import ROOT, Promise, get_argparser, origin, promises, publish, sweep

EXPERIMENT = ROOT / "repository/calibrations/pump_threshold.py"
#: What is promised of the pulls, and of the mean error over the least possible one.
MEAN, DEVIATION, BEYOND, EXCESS = 0.3, (0.8, 1.25), 0.10, 2.0


@dataclass(frozen=True)
class Outcome:
    """One run: thresholds in units of the believed one, and what was lit.

    fitted, error: NaN where the fit was refused. light: (K,) mean emission at the
    powers (K,), of `shots` shots each. spread: true scatter of the atom numbers.
    """

    seed: int
    true: float
    fitted: float
    error: float
    reason: str
    power: list[float]
    light: list[float]
    shots: int
    spread: float

    @property
    def pull(self) -> float:
        return (self.fitted - self.true) / self.error

    def least_error(self) -> float:
        """Return the Cramer-Rao bound of the threshold, scale unknown.

        Of emission scale (P (1 + d)^2 - P_th^2/P) + noise, at the brightest power's
        scale and the dimmest one's noise.
        """
        noise, top = self.light[0], self.power[-1]
        scale = (self.light[-1] - noise) / (top - self.true**2 / top)
        P = np.array([power for power in self.power if power > self.true])
        light = P - self.true**2 / P
        variance = (2 * scale * self.spread * P) ** 2 + noise**2
        variance = (variance + 2 * noise * scale * light) / self.shots
        slopes = np.stack([-2 * scale * self.true / P, light])
        return float(np.sqrt(np.linalg.inv(slopes / variance @ slopes.T)[0, 0]))


def true_threshold(truth: Scenario, run: analysis.Run) -> float:
    """Return the twin's threshold at the commanded site, in units of the believed."""
    averages = cloud_averages(
        run.positions, truth.cloud.size, truth.cavity.waist, truth.modes
    )
    coupling = truth.pump.mode_coupling(truth.cavity)
    couplings = mode_couplings(averages, coupling, truth.cavity, truth.modes)
    spins = np.full(len(couplings), truth.cloud.atoms / 2)
    system = SpinSystem(couplings, spins, truth.cavity, truth.pump.omega_z)
    believed = PumpCalibration(float(run.rabi_frequency_1v))
    volts = believed.volts(float(run.threshold))
    commanded = truth.pump_calibration.rabi_frequency(volts)
    power = (commanded / truth.pump.rabi_frequency) ** 2
    return float(ensemble_thresholds(system)[0] / power)


def take(seed: int, arguments: Sequence[str]) -> Outcome:
    """Run the experiment once; the file is read and dropped."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-m", "ccqed_ctrl.cli", "run", str(EXPERIMENT)),
            *(*arguments, "--seed", str(seed), "-q", "--results", folder),
            *("--dataset-db", f"{folder}/datasets.sqlite"),
        ]
        subprocess.run(command, check=True, cwd=ROOT)
        (path,) = Path(folder).rglob("*.h5")
        with analysis.open(path) as run:
            truth = Scenario.from_dict(json.loads(run.provenance)["truth"])
            refused = bool(run.refused)
            return Outcome(
                seed=seed,
                true=true_threshold(truth, run),
                fitted=np.nan if refused else float(run.fitted_threshold),
                error=np.nan if refused else float(run.fitted_error),
                reason=str(run.refused),
                power=np.asarray(run.power, float).tolist(),
                light=np.asarray(run.light, float).tolist(),
                shots=len(run.point) // len(run.power),
                spread=truth.imperfections.atom_number_spread,
            )


def verdicts(outcomes: Sequence[Outcome]) -> list[Promise]:
    """Return the promises of fits that were not refused."""
    pulls = np.array([each.pull for each in outcomes])
    mean, deviation = float(pulls.mean()), float(pulls.std(ddof=1))
    beyond = int(np.count_nonzero(np.abs(pulls) > 2))
    excess = [each.error / each.least_error() for each in outcomes]
    low, high = DEVIATION
    allowed = int(BEYOND * len(pulls))
    return [
        ("mean pull", f"within {MEAN:g}", f"{mean:+.3f}", abs(mean) < MEAN),
        (
            "standard deviation of the pulls", f"{low:g} to {high:g}",
            f"{deviation:.3f}", low <= deviation <= high,
        ),
        ("beyond 2 errors", f"at most {allowed}", f"{beyond}", beyond <= allowed),
        (
            "mean error over the least possible", f"at most {EXCESS:g}",
            f"{np.mean(excess):.2f} ({min(excess):.2f} to {max(excess):.2f})",
            float(np.mean(excess)) <= EXCESS,
        ),
    ]  # fmt: skip


def table(outcomes: Sequence[Outcome], arguments: Sequence[str]) -> tuple[str, bool]:
    """Return the page, and whether all promises were kept."""
    fitted = [each for each in outcomes if not each.reason]
    rows = verdicts(fitted)
    refused = len(outcomes) - len(fitted)
    rows.append(("fits refused", "none", str(refused), refused == 0))
    lines = [
        "# The pump threshold: fitted, and true of the twin",
        "",
        f"`python -m benchmarks threshold {' '.join(arguments)}`: "
        f"{len(outcomes[0].power)} powers of {outcomes[0].shots} shots. "
        "Thresholds over the believed one.",
        "",
        *promises("of the pulls", rows),
        "",
        "| seed | true | fitted | error | pull |",
        "| --: | --: | --: | --: | --: |",
    ]
    for each in outcomes:
        lines.append(
            f"| {each.seed} | {each.true:.5f} | {each.fitted:.5f} | {each.error:.5f} "
            f"| {each.reason or format(each.pull, '+.2f')} |"
        )
    lines += ["", origin([each.seed for each in outcomes])]
    return "\n".join(lines) + "\n", all(kept for *_, kept in rows)


def main(arguments: list[str]) -> int:
    """Run, print the page, and say by the exit code whether promises were kept."""
    parser = get_argparser("threshold", __doc__, "100")
    parser.add_argument("arguments", nargs="*", help="of the experiment, NAME=VALUE")
    options = parser.parse_intermixed_args(arguments)
    rows = sweep(
        "threshold",
        {"arguments": sorted(options.arguments)},
        options.seeds,
        lambda seed: asdict(take(seed, options.arguments)),
        jobs=options.jobs,
    )
    outcomes = [Outcome(**row) for row in rows]
    return publish(*table(outcomes, options.arguments), options.output)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
