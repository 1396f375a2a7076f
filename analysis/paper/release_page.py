"""The page `docs/release.md`: words, and numbers from the finished studies alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from analysis.campaign.results import Results
from analysis.statistics import Estimate
from sim_backend.laboratory.physics.system import OhmicNoise

from .figure import Tables
from .release_shots import DYNAMICS, FRACTIONS, REST, Operation
from .release_studies import (
    LABELS,
    NOISY,
    SWEEPS,
    agreement,
    exact,
    overlap,
    right,
    sweep,
)

PROTOCOL = """
Layouts: N sites, Gaussian with w = 1.5 w0, kept 10 um apart as in the laboratory;
finite clouds, beta = 10, M = 1e5, omega_z = 1e6 rad/s. A minimum that a random state
reaches by steepest descent; a share of its spins, drawn at random, is flipped and that
cue is written by a longitudinal field of 1.5 times the largest local field, while the
pump rises in 1 ms to its final power. After 0.2 ms the field falls linearly to zero in
the *off time*; 1 ms later the spins are read. `semiclassical`: classical spins and
light, no rates. `dressed, exact` and `dressed, printed`: adiabatic states with either
flip rate. Steepest descent and 0TMH (flips in random order) start from the cue and know
no self term. All see the same layouts, minima and cues. One layout, minimum and cue is
one sample; errors are one standard error by bootstrap over layouts (95 % in the
picture). Dephasing noise off, but for the row that says so.
"""

_HEAD = """\
# The release: when a real cavity does steepest descent

This page is generated: every number comes from stored results. `ccqed figures release
--scale paper --store docs/release --report docs/release.md -o docs/figures` makes it
and goes on where the committed store `docs/release/figures.sqlite` ends. It rests on
{tasks} tasks, {hours:.2f} core hours.

## In short

If the longitudinal field that wrote the cue is switched off, what a real cavity does is
no steepest descent. It comes nearer to it if the field *falls*, at a pump little above
threshold and without dephasing noise. Of {tenth} flips a sudden release returns
{sudden} exactly; falling in {off:g} ms, at P/P_th = {power:g}, {falling}; steepest
descent {steepest}; flips in random order {random} (N = 64). Of all spins {same} end as
steepest descent leaves them, and an atom scatters {photons} photons in the whole shot.
Exact return by the share of spins that were flipped:

{first}

## Why

- While the cue's field is strong every ensemble follows it, also those that the network
  would turn over. As the field falls, an ensemble turns when the network's pull exceeds
  what is left of the cue's field, plus the hysteresis field h_c of its own self term
  (which holds it in its present well). The pull is strongest on the spin with the most
  negative s_i l_i: so the *most opposed ensemble turns first*, its turn changes the
  others' pull, and so on. That is steepest descent, and no flip rate enters: the
  dressed model with the `exact` and with the `printed` rates gives the same.
- What differs from steepest descent is h_c = omega_z ((P/P_th)^(2/3) - 1)^(3/2):
  ensembles that are opposed by less stay. It vanishes at threshold and grows with the
  pump, so the final power is a compromise: little above 1, where spins are still
  polarised enough to carry the pattern.
- A field that falls within the light's or the spins' own time (microseconds) leaves
  spins precessing with their energy; the semiclassical dynamics then differ from the
  dressed model, which assumes that they follow.
"""

_FAILS = """\
## Where it fails

- **Sudden release, or a strong pump.** See the rows of off time and final power: spins
  that cannot follow arrive in no order; where h_c is large the cue stays as written.
- **Noise.** The paper's classical dephasing noise has {rms:.3g} rad/s rms, and the
  chosen point holds its spins by h_c = {held:.3g} rad/s only. Noise so slow is a random
  field along the spins, which turns ensembles by itself: with it the chosen point
  returns {noisy} of {tenth} flips, in place of {quiet}. The release needs the noise
  off, or a pump at which h_c exceeds it, which costs order: the best point with noise,
  {best}, returns {best_noisy}, steepest descent {steepest}. The dressed model does not
  show this: in it noise widens lines and tilts no field. With noise on in the whole
  shot, exact return:

{table}

- **Many flips and many spins.** Steepest descent itself fails there; the release fails
  with it, a little earlier.
- **Small ensembles.** See the rows of M: the spread 1/sqrt(M) of the start only.
- **A laboratory that is not ideal.** What each imperfection costs, alone and together,
  is taken on the whole twin and has [a page of its own](robustness.md). What the
  dispersive shift leaves of the paper's own parameters is in
  [what the paper leaves out](imperfections.md#the-dispersive-shift-what-survives).
"""


def compose(tables: Tables, picture: str) -> str:
    """Return the page; picture: the link to the figure."""
    flips, swept, chosen = (
        tables["release.flips"],
        tables["release.swept"],
        Operation(),
    )
    k = FRACTIONS.index(0.1)
    head = _HEAD.format(
        tasks=sum(len(table) for table in tables.values()),
        hours=sum(table.seconds for table in tables.values()) / 3600,
        power=chosen.power, off=chosen.off_time * 1e3,
        first="\n".join(_by_fraction(flips, exact, DYNAMICS)),
        tenth=f"{FRACTIONS[k]:.0%}",
        sudden=_said(exact(swept, "semiclassical", change="off_time=0"), k),
        falling=_said(exact(flips, "semiclassical"), k),
        steepest=_said(exact(flips, "sd"), k), random=_said(exact(flips, "0tmh"), k),
        same=_said(agreement(flips, "semiclassical"), k),
        photons=f"{chosen.scattered:.2f}",
    )  # fmt: skip
    parts = [head, _heading("Protocol"), PROTOCOL.strip(), "", f"![release]({picture})"]
    parts += ["", _heading("Overlap with the minimum"), "N = 64, the chosen point."]
    parts += ["", *_by_fraction(flips, overlap, DYNAMICS), "", *_sizes(tables), ""]
    parts += [*_knobs(swept), "", _fails(swept), *_images(tables["release.images"]), ""]
    parts += [*_digits(tables["release.digits"]), "", *_choice(tables), ""]
    return "\n".join(parts)


#: rad/s, of `OhmicNoise` by default: sqrt(2 alpha) times its cut-off.
NOISE_RMS = float(np.sqrt(2 * OhmicNoise().alpha) * OhmicNoise().cutoff)
Measure = Callable[..., Estimate]


def _heading(words: str) -> str:
    return f"## {words}\n"


def _said(found: Estimate, k: int) -> str:
    return f"{found.value[k]:.3f} ± {found.error[k]:.3f}"


def _table(*rows: Sequence[str]) -> list[str]:
    """Return lines of Markdown; the first row is the header."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [lines[0], "| --- " * len(rows[0]) + "|", *lines[1:]]


def _by_fraction(
    table: Results, measure: Measure, names: Sequence[str], **point: Any
) -> list[str]:
    """Return a table of dynamics against the share that is flipped."""
    rows = []
    for name in names:
        found = measure(table, name, **point)
        said = (_said(found, k) for k in range(len(FRACTIONS)))
        rows.append([LABELS[name], *said])
    return _table(["flipped", *(f"{f:.0%}" for f in FRACTIONS)], *rows)


def _sizes(tables: Tables) -> list[str]:
    table = tables["release.sizes"]
    lines = [_heading("Larger networks"), "Exact return at the chosen point and at two"]
    lines += ["neighbours.", ""]
    rows = []
    for size in table.study.grid["ensembles"]:
        for change in table.study.grid["change"]:
            for name in ("semiclassical", "sd"):
                found = exact(table, name, ensembles=size, change=change)
                said = (_said(found, k) for k in range(len(FRACTIONS)))
                rows.append([str(size), change or "chosen", LABELS[name], *said])
    flips = (f"{f:.0%}" for f in FRACTIONS)
    return [*lines, *_table(["N", "point", "dynamics", *flips], *rows)]


def _fails(table: Results) -> str:
    """Return where the release fails, from the swept knobs."""
    k, noisy = FRACTIONS.index(0.1), _noisy_changes(table)
    found = {c: exact(table, "semiclassical", change=c) for c in ("", *noisy)}
    best = max(noisy, key=lambda change: float(found[change].value[k]))
    return _FAILS.format(
        rms=NOISE_RMS, held=Operation().hysteresis, tenth=f"{FRACTIONS[k]:.0%}",
        noisy=_said(found["noise=1"], k), quiet=_said(found[""], k), best=best,
        best_noisy=_said(found[best], k), table="\n".join(_noisy(table)),
        steepest=_said(exact(table, "sd", change=best), k),
    )  # fmt: skip


def _noisy_changes(table: Results) -> list[str]:
    return ["noise=1", *(c for c in NOISY if c in table.study.grid["change"])]


def _noisy(table: Results) -> list[str]:
    """Return the table of powers with the dephasing noise on."""
    rows = []
    for change in _noisy_changes(table):
        held = Operation.changed(change).hysteresis
        found = exact(table, "semiclassical", change=change)
        same = agreement(table, "semiclassical", change=change)
        tenth, fifth = FRACTIONS.index(0.1), FRACTIONS.index(0.2)
        said = (_said(found, tenth), _said(found, fifth), _said(same, tenth))
        rows.append([change, f"{held:.3g}", *said])
    header = ["point", "h_c, rad/s", "10 %", "20 %", "as steepest descent, 10 %"]
    return _table(header, *rows)


def _knobs(table: Results) -> list[str]:
    """Return the table of knobs, each changed alone."""
    lines = [_heading("One knob at a time"), "Exact return at 10 % and at 20 % flips,"]
    lines += ["N = 64. Steepest descent depends on beta alone. *Agreement*: spins that"]
    lines += [
        "end as steepest descent leaves them, at 10 %. Off time in s; overshoot of"
    ]
    lines += [
        "the field below zero in h_c; Delta_C and kappa over the laboratory's.",
        "",
    ]
    tenth, fifth = FRACTIONS.index(0.1), FRACTIONS.index(0.2)
    rows = []
    for knob in SWEEPS:
        values, changes = sweep(table, knob)
        for value, change in zip(values, changes, strict=True):
            if len(values) == 1:
                continue  # not changed at this scale
            cells = [knob, f"{value:g}" if change else f"**{value:g}**"]
            for name, k in (
                ("semiclassical", tenth), ("semiclassical", fifth), ("exact", tenth),
                ("sd", tenth), ("sd", fifth),
            ):  # fmt: skip
                cells.append(_said(exact(table, name, change=change), k))
            same = agreement(table, "semiclassical", change=change)
            photons = Operation.changed(change).scattered
            rows.append([*cells, _said(same, tenth), f"{photons:.2f}"])
    header = ["knob", "value", "semiclassical, 10 %", "20 %", "dressed, exact, 10 %"]
    header += ["steepest descent, 10 %", "20 %", "agreement", "photons per atom"]
    return [*lines, *_table(header, *rows)]


def _images(table: Results) -> list[str]:
    lines = [
        _heading("Through the encoder"),
        "Random images of 64 pixels, exact recall",
    ]
    lines += ["after encoding, release and decoding.", ""]
    rows = []
    for count in table.study.grid["memories"]:
        for encoder in table.study.grid["encoder"]:
            for name in (*DYNAMICS, "encoder"):
                found = exact(table, name, memories=count, encoder=encoder)
                said = (_said(found, k) for k in range(len(FRACTIONS)))
                rows.append([str(count), encoder, LABELS[name], *said])
    flips = (f"{f:.0%}" for f in FRACTIONS)
    return [*lines, *_table(["memories", "encoder", "dynamics", *flips], *rows)]


def _digits(table: Results) -> list[str]:
    cues = table.study.grid["cues"][0]
    lines = [
        _heading("Handwriting"),
        f"Ten prototypes of 8 x 8 pixels, {cues} held-out",
    ]
    lines += ["digits per layout, right if the image that comes back is nearest to the"]
    lines += ["digit's own prototype. No encoder has seen these digits.", ""]
    rows = []
    for block in table.study.grid["held_out"]:
        for encoder in table.study.grid["encoder"]:
            found = right(table, held_out=block, encoder=encoder)
            said = (_said(found, k) for k in range(len(found.value)))
            rows.append([f"{block} to {block + 499}", encoder, *said])
    names = (*(LABELS[name] for name in (*DYNAMICS, "encoder")), "nearest prototype")
    return [*lines, *_table(["digits", "encoder", *names], *rows)]


def _choice(tables: Tables) -> list[str]:
    table, fifth = tables["release.choice"], FRACTIONS.index(0.2)
    lines = [_heading("How the point was chosen"), "On layouts of their own, that no"]
    lines += ["number above has seen. Exact return, semiclassical; the point is where"]
    lines += [f"10 % and 20 % together are best; rest of {REST * 1e3:g} ms.", ""]
    rows = []
    for change in table.study.grid["change"]:
        found, ideal = (exact(table, name, change=change) for name in _BOTH)
        tenth = FRACTIONS.index(0.1)
        cells = (_said(e, k) for k in (tenth, fifth) for e in (found, ideal))
        rows.append([change, *cells])
    header = ["point", "10 %", "steepest descent", "20 %", "steepest descent"]
    return [*lines, *_table(header, *rows)]


_BOTH = ("semiclassical", "sd")
