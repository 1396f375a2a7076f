"""`python -m benchmarks robustness [--scale S]`: the release where nothing is ideal.

Each imperfection that the scenarios `typical` and `bad_day` hold is switched on alone,
then all of a file together, and a minimum is recalled on the whole twin
(`robustness_shots`). Shots taken are kept in the store, so that the same command goes
on; it writes docs/robustness.md and its picture.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.campaign.results import Results
from analysis.paper import production
from analysis.paper.drawing import COLOURS, panel, with_bars
from analysis.paper.figure import AGREEMENT, SCALES, PaperFigure, Tables
from analysis.paper.release_shots import Operation
from analysis.paper.report import write_report
from analysis.statistics import Estimate
from sim_backend.laboratory import scenarios

from .robustness_shots import (
    ACTING,
    FILES,
    FLIPPED,
    POWERS,
    READING,
    SITES,
    SMOOTH,
    agreement,
    cost,
    exact,
    misread,
    studies,
)
from .sweep import ROOT

PAGE, PICTURES = ROOT / "docs/robustness.md", ROOT / "docs/figures"
STORE = ROOT / "docs/robustness"

_HEAD = """\
# The release in a laboratory that is not ideal

This page is generated: `python -m benchmarks robustness` makes it and its picture, and
goes on where the committed store `docs/robustness/figures.sqlite` ends. It rests on
{tasks} shots on {layouts} layouts, which took {hours:.2f} hours on a busy machine. What
a knob does is in [what the paper leaves out](imperfections.md).

## In short

Of cues with {flipped} of the spins flipped, at P/P_th = {power:g}, with the field off
in {off:g} ms and no dephasing noise, the ideal twin returns {ideal} exactly; steepest
descent {steepest}. With everything of
[typical](../sim_backend/laboratory/scenarios/typical.toml) together {typical} return,
and {typical_same} of the spins end as steepest descent leaves them; with everything of
[bad_day](../sim_backend/laboratory/scenarios/bad_day.toml) {bad} return, and
{bad_same} of the spins.

{worst}
- Shots are sensitive: whatever changes a drive a little leads to another course, so
  that single costs within two of their errors say nothing.
- A pump farther above threshold forgives much. On other layouts (steepest descent:
  {other}), with everything of `typical` on, {low} returns at P/P_th = {power:g}; of
  the powers tried most returns at {best}; with the dephasing noise on as well, at
  {best_noisy}.
"""

_PROTOCOL = f"""\
## Protocol

Layouts, minima and cues as in the study of the release: {SITES} sites, beta = 10,
w = 1.5 w0, kept 10 um apart, {FLIPPED:.0%} of a minimum's spins flipped. But here the
*whole twin* takes the shot, also for what touches reading alone: DMD pattern, servo
set-points and tone amplitudes event by event, in the 100 steps of pump ramp and falling
field that the kernel makes; semiclassical spins; two camera frames; decoding by what an
ideal laboratory believes, which nobody has told of the imperfection.

*Exact*: returns to the minimum, of the spins as the camera opens. *Cost*: how much
less often than on the ideal twin, layout by layout. *As steepest descent*: the share of
spins that end as steepest descent of the unspoilt couplings leaves them. *Misread*: the
share of spins that are decoded other than they were, undetermined ones too. All rows of
a table see the same layouts, minima and cues. Errors are one standard error, of
binomials or by bootstrap over layouts (95 % in the picture). A lost site is not looked
at.
"""

_PARTS = {
    "While the spins relax": ACTING,
    "On the cue, in timing and in reading": READING,
}


def compose(tables: Tables, picture: str) -> str:
    """Return the page; picture: the link to the figure."""
    single, powers = tables["robustness.single"], tables["robustness.powers"]
    chosen = Operation()
    first = {"power": chosen.power, "noise": False}
    head = _HEAD.format(
        tasks=sum(len(table) for table in tables.values()),
        layouts=single.study.seeds,
        hours=sum(table.seconds for table in tables.values()) / 3600,
        flipped=f"{FLIPPED:.0%}", power=chosen.power, off=chosen.off_time * 1e3,
        ideal=_said(exact(single, "cavity", change="")),
        steepest=_said(exact(single, "steepest descent", change="")),
        typical=_said(exact(single, "cavity", change="typical")),
        typical_same=_said(agreement(single, "cavity", change="typical")),
        bad=_said(exact(single, "cavity", change="bad_day")),
        bad_same=_said(agreement(single, "cavity", change="bad_day")),
        worst="\n".join(_worst(single, file) for file in FILES),
        other=_said(exact(powers, "steepest descent", change="", **first)),
        low=_said(exact(powers, "cavity", change="typical", **first)),
        best=_best(powers, False), best_noisy=_best(powers, True),
    )  # fmt: skip
    parts = [head, _PROTOCOL, f"![robustness]({picture})", ""]
    parts += [*_together(single), "", *_alone(single), *_powers(tables), ""]
    return "\n".join(parts)


def _said(found: Estimate) -> str:
    return f"{found.value:.2f} ± {found.error:.2f}"


def _table(*rows: Sequence[str]) -> list[str]:
    """Return lines of Markdown; the first row is the header."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [lines[0], "| --- " * len(rows[0]) + "|", *lines[1:], ""]


def _change(file: str, knobs: Sequence[str]) -> str:
    return f"{file}: {' + '.join(knobs)}"


def _worst(table: Results, file: str) -> str:
    """Return the sentence that names what costs more than two errors in a file."""
    known, found = table.study.grid["change"], []
    for words, knobs in (ACTING | READING).items():
        if (change := _change(file, knobs)) in known:
            lost = cost(table, "camera", change)
            if lost.value > AGREEMENT * lost.error:
                found.append((-float(lost.value), f"{words} ({_said(lost)})"))
    named = ", ".join(words for _, words in sorted(found)) or "nothing"
    return (
        f"- Alone, on {FILES[file]} these cost more than twice their error, in exact "
        f"returns as read: {named}."
    )


def _best(table: Results, noise: bool) -> str:
    """Return at which power all of `typical` costs least, and what returns there."""
    found = {
        power: exact(table, "cavity", change="typical", power=power, noise=noise)
        for power in POWERS
    }
    best = max(found, key=lambda power: float(found[power].value))
    return f"P/P_th = {best:g}: {_said(found[best])}"


def _together(table: Results) -> list[str]:
    """Return the table of the twin as a whole."""
    rows = []
    for change, words in (
        (SMOOTH, "the release's study: a drive without steps, no camera"),
        ("", "the ideal twin"),
        *((file, f"all of `{file}`") for file in FILES),
    ):
        found = (
            exact(table, "cavity", change=change),
            exact(table, "camera", change=change),
            agreement(table, "cavity", change=change),
            misread(table, change=change),
        )
        rows.append([words, *(_said(one) for one in found)])
    header = ["", "exact", "exact, as read", "as steepest descent", "misread"]
    return ["## All together", "", *_table(header, *rows)]


def _alone(table: Results) -> list[str]:
    """Return the tables of single imperfections."""
    lines = []
    for title, group in _PARTS.items():
        rows = [
            [words, *_cells(table, file, knobs)]
            for words, knobs in group.items()
            for file in FILES
            if _change(file, knobs) in table.study.grid["change"]
        ]
        header = ["one alone", "scenario", "knob", "exact", "cost", "as read: cost"]
        header += ["as steepest descent", "misread"]
        lines += [f"## {title}", "", *_table(header, *rows)]
    return lines


def _cells(table: Results, file: str, knobs: Sequence[str]) -> list[str]:
    change = _change(file, knobs)
    return [
        file, "; ".join(f"`{knob}` = {stated(file, knob)}" for knob in knobs),
        _said(exact(table, "cavity", change=change)),
        _said(cost(table, "cavity", change)), _said(cost(table, "camera", change)),
        _said(agreement(table, "cavity", change=change)),
        _said(misread(table, change=change)),
    ]  # fmt: skip


def stated(file: str, knob: str) -> str:
    """Return a knob's value as its scenario writes it."""
    group, _, name = knob.partition(".")
    value = scenarios.read(file)[group]
    value = value[name] if name else value
    return f"{value:g}" if isinstance(value, float) else str(value)


def _powers(tables: Tables) -> list[str]:
    """Return the table of final powers, with and without the dephasing noise."""
    table = tables["robustness.powers"]
    rows = []
    for noise in (False, True):
        for power in POWERS:
            cells = [f"{power:g}", "on" if noise else "off"]
            for change in ("", "typical"):
                at = {"change": change, "power": power, "noise": noise}
                cells.append(_said(exact(table, "cavity", **at)))
                cells.append(_said(agreement(table, "cavity", **at)))
            rows.append(cells)
    header = ["P/P_th", "dephasing noise", "ideal twin: exact", "as steepest descent"]
    header += ["`typical`: exact", "as steepest descent"]
    words = [
        "## With another pump, and with the dephasing noise", "",
        "Other layouts than above. What the atoms lose in a shot, and what shifts",
        "omega_z or Delta_C, moves P/P_th: a pump farther above threshold forgives",
        "that, and the noise, at the price of hysteresis.", "",
    ]  # fmt: skip
    return [*words, *_table(header, *rows)]


# Picture -----------------------------------------------------------------------------


def draw(tables: Tables, figure: Figure) -> None:
    """Draw every imperfection's returns, and those of other powers."""
    grid = figure.subplots(1, 3, width_ratios=(3, 3, 2))
    single = tables["robustness.single"]
    for axes, letter, words, measure in (
        (grid[0], "a", "exact return, as read", exact),
        (grid[1], "b", "spins as steepest descent leaves them, as read", agreement),
    ):
        _draw_alone(axes, single, partial(measure, single, "camera"))
        panel(axes, letter, words)
    grid[1].set_yticklabels([])
    grid[1].legend(frameon=False, fontsize=8, loc="lower left")
    _draw_powers(grid[2], tables["robustness.powers"])


def _draw_alone(axes: Axes, table: Results, measure: Callable[..., Estimate]) -> None:
    names = ["all together", *ACTING, *READING]
    known = table.study.grid["change"]
    ideal = measure(change="")
    axes.axvspan(float(ideal.low), float(ideal.high), color="0.9")
    axes.axvline(float(ideal.value), color="0.5", lw=1, label="ideal twin")
    for colour, shift, file in zip(COLOURS, (-0.15, 0.15), FILES, strict=False):
        changes = [file, *(_change(file, k) for k in (ACTING | READING).values())]
        shown = [(row, c) for row, c in enumerate(changes) if c in known]
        found = [measure(change=change) for _, change in shown]
        bars = np.array([one.bars for one in found]).T
        axes.errorbar(
            [float(one.value) for one in found], [row + shift for row, _ in shown],
            xerr=bars, fmt="o", ms=3, lw=1, color=colour, label=file,
        )  # fmt: skip
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.invert_yaxis()


def _draw_powers(axes: Axes, table: Results) -> None:
    for colour, change in zip(COLOURS, ("", "typical"), strict=False):
        for noise, line in ((False, "-"), (True, ":")):
            rows = [
                exact(table, "cavity", change=change, power=power, noise=noise)
                for power in POWERS
            ]
            parts = (
                np.array([float(vars(row)[part]) for row in rows])
                for part in ("value", "error", "low", "high")
            )
            label = f"{change or 'ideal twin'}{', noise' if noise else ''}"
            style = {"color": colour, "ls": line, "label": label}
            with_bars(axes, POWERS, Estimate(*parts), **style)
    axes.set(xlabel="final $P/P_{th}$", ylim=(-0.03, 1.03))
    axes.legend(frameon=False, fontsize=8)
    panel(axes, "c", "exact return")


FIGURE = PaperFigure(
    "robustness",
    "The release in a laboratory that is not ideal",
    _PROTOCOL,
    studies,
    draw,
    lambda _: [],
    (15, 7),
    page=compose,
)


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks robustness")
    parser.add_argument("--scale", choices=SCALES, default="paper")
    parser.add_argument("--store", type=Path, default=STORE, help="folder")
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    parser.add_argument("--pictures", type=Path, default=PICTURES, help="folder")
    options = parser.parse_args(arguments)
    left = production.left(FIGURE, options.scale, options.store)
    for name, (tasks, seconds) in left.items():
        print(f"{name}: {tasks} shots to take, about {seconds / 3600:.2g} core hours")
    made = production.make(FIGURE, options.scale, options.store, options.pictures)
    write_report(options.output, [made])
    return 0
