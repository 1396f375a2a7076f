"""What the rows of `large_basins` say: a page and its picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from analysis.paper.fig12 import PLAUSIBLE, draw_limit, fits
from analysis.statistics import Estimate, cluster_bootstrap
from ccqed_ctrl.rng import stream

from ..sweep import Row

#: From this size on, and on: what larger sizes alone say of the forms.
FROM = (50, 200, 400)

HEAD = """# Is the cavity's basin extensive?

Fig. 12 of the paper: the basins of a confocal cavity's own minima under steepest
descent hold about 5 % of the spins at w = 1.5 w0, however many there are. This page is
written by `python -m benchmarks large_basins -o {name}`,
from rows that were measured on a graphics card (NVIDIA H100, {seconds:.0f} s of it)
with the protocol of `analysis/paper/fig12.py`: 80 random states of
each set of couplings are relaxed, and what they relax to is flipped and relaxed again
until the largest distance is known from which 95 % of the trials return exactly. The
kernels (`benchmarks/large_basins/kernels.py`) give bit for bit what the project's
compiled loops give on the host (`python -m benchmarks.large_basins.check`).

![mean basin against N]({picture})

| N | couplings | trials | mean basin / N | error | share above 0.1 N |
| --: | --: | --: | --: | --: | --: |
{rows}

Errors: bootstrap over couplings. Three forms, by weighted least squares:

| from N = | form | limit | parameter | chi^2 | for |  |
| --: | --- | --: | --: | --: | --: | --- |
{forms}

A form is kept if so large a chi^2 has a probability of {plausible:g} or more. Where
only c N^-p is kept, basins are not extensive: they hold N^(1 - p) spins, and every
size that can be built has its own share. Where a form with a limit is kept beside it,
these sizes do not decide.
"""


def write(store: Path, page: Path) -> None:
    """Write the page and, beside it in figures, its picture."""
    lines, sizes, means, seconds = [], [], [], 0.0
    for path in sorted(store.glob("confocal_*.jsonl"), key=_size):
        size, rows = _size(path), _rows(path)
        found = np.concatenate([np.array(row["sizes"], float) for row in rows]) / size
        mean = cluster_bootstrap(found.mean(axis=1), stream(0, "large_basins"))
        trials = sum(row["trials"] for row in rows)
        lines.append(
            f"| {size} | {len(found)} | {trials / 1e6:.0f} million | {mean.value:.4f} "
            f"| {mean.error:.4f} | {np.mean(found > 0.1):.3f} |"
        )
        seconds += sum(row["card"] for row in rows)
        sizes.append(size)
        means.append(mean)
    picture = page.parent / "figures" / f"{page.stem}.png"
    _draw(np.array(sizes, float), means, picture)
    page.write_text(
        HEAD.format(
            name=f"docs/{page.name}",
            picture=picture.relative_to(page.parent),
            rows="\n".join(lines),
            forms="\n".join(_forms(np.array(sizes, float), means)),
            plausible=PLAUSIBLE,
            seconds=seconds,
        )
    )


def _size(path: Path) -> int:
    return int(path.stem.split("_")[1])


def _rows(path: Path) -> list[Row]:
    lines = path.read_text().splitlines()
    return [json.loads(line)["row"] for line in lines if line.strip()]


def _forms(sizes: np.ndarray, means: list[Estimate]) -> list[str]:
    values = np.array([float(mean.value) for mean in means])
    errors = np.array([float(mean.error) for mean in means])
    lines = []
    for first in FROM:
        seen = sizes >= first
        for name, fit in fits(sizes[seen], values[seen], errors[seen]).items():
            kept = "kept" if fit.plausible else ""
            limit = f"{fit.limit:.4f} ± {fit.error:.4f}" if fit.limit else "0"
            lines.append(
                f"| {first} | {name} | {limit} | {fit.parameters[1]:.3f} "
                f"| {fit.chi2:.1f} | {fit.dof} | {kept} |"
            )
    return lines


def _draw(sizes: np.ndarray, means: list[Estimate], path: Path) -> None:
    figure = Figure((7, 4.8), layout="constrained")
    values = np.array([float(mean.value) for mean in means])
    errors = np.array([float(mean.error) for mean in means])
    draw_limit(figure.subplots(), sizes, values, errors)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=120, metadata={"Software": None})
