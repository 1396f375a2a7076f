"""The reproduction report: per figure protocol, picture and claims, as Markdown."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from ccqed_ctrl.errors import ResultsError

from .figure import VERDICTS, Claim
from .production import Made

_INTRODUCTION = """\
# The paper's figures, reproduced

Marsh et al., PRX 11, 021048 (2021), figure by figure from this repository's own
dynamics. This page is generated: `ccqed figures --report {path}`, with `--scale quick`
(minutes on two cores), `paper` (its sizes and statistics, a night), `beyond`, or
`--stored` for the largest scale that has been computed; each figure says which it is.
"Ours" carries one standard error. A number *agrees* when it lies in the paper's range
or at most two standard errors outside of it; it is *marginal* where the paper's range
is so wide, or ours so close to its edge, that a choice of ours decides. "Read off"
marks what the paper shows but does not state. Bars in the pictures are 95 % intervals;
where couplings are random they come from drawing whole sets of couplings again, not
trials alone.
"""

_KERNEL = """\
## What the corrected rates change

The paper's flip rate K(de) is, as printed, a Lorentzian around de = -|Delta_C|. The
full master equation of spins and cavity (solved for small systems) gives that
Lorentzian times (Delta_C^2 + kappa^2)/de^2, with the prefactor 1/2 in place of 1/8. We
call them `printed` and `exact` and show both wherever rates enter (Figs. 8, 9, 15, 16
and 17).

- **The order of flips.** Steepest descent needs the flip that gains most energy to be
  the fastest. With the printed rates that holds up to |de| = |Delta_C|. With the exact
  ones the net downhill rate is largest for small gains, falls until |de| = 0.447
  |Delta_C| and only then rises towards the peak. So below 0.447 |Delta_C| the *weakest*
  misalignment flips first: the opposite of steepest descent. Between 0.447 and 1 the
  paper's order holds.
- **The memory.** The basins of Secs. VI and VII are computed with ideal steepest
  descent, as in the paper. They hold for the physical system as far as its flips come
  in that order; with the exact rates this asks for a pump so strong that the flips
  that matter gain more than 0.447 |Delta_C|. Random-order dynamics (0TMH) is the other
  bound. The last rows of Fig. 9's table measure how often the relaxation of either
  rate model ends where steepest descent does.
- **The time.** The exact rates are 4 (Delta_C^2 + kappa^2)/de^2 times the printed ones:
  a hundred times at a fifth of |Delta_C|. With them the relaxation of Fig. 9 ends about
  when spontaneous emission sets in; with the printed rates and the same parameters it
  takes seconds.
- **What stays.** The ratio of uphill to downhill rates, and with it the effective
  temperature (Delta_C^2 + kappa^2)/(4 |Delta_C|), is the same for both: the extra
  factor is even in de.
"""


def write_report(path: Path, made: Sequence[Made]) -> None:
    """Write the report of these figures.

    Raises
    ------
    ResultsError
        The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(compose(path, made), encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"cannot write {str(path)!r}: {error}") from error


def compose(path: Path, made: Sequence[Made]) -> str:
    """Return the report's text; pictures are linked relative to `path`.

    A figure with a page of its own brings that, and is no section of the report.
    """
    rows = [one for one in made if one.figure.page is None]
    parts = [
        one.figure.page(one.tables, _link(path, one)) for one in made if one.figure.page
    ]
    if rows or not parts:
        parts += [_INTRODUCTION.format(path=path.as_posix()), *_summary(rows), _KERNEL]
    for one in rows:
        parts += _section(path, one)
    return "\n".join(parts)


def _link(path: Path, made: Made) -> str:
    return Path(os.path.relpath(made.picture, path.parent)).as_posix()


def _summary(made: Sequence[Made]) -> list[str]:
    lines = [
        "| figure | " + " | ".join(VERDICTS) + " | scale | tasks | computing time |",
        "| --- " * (len(VERDICTS) + 4) + "|",
    ]
    for one in made:
        count = Counter(claim.verdict for claim in one.claims)
        numbers = " | ".join(str(count[verdict]) for verdict in VERDICTS)
        name, scale = one.figure.name, one.scale if one.tasks else "closed form"
        lines.append(
            f"| [{name}](#{name}) | {numbers} | {scale} | {one.tasks} "
            f"| {_clock(one.task_seconds)} |"
        )
    total = _clock(sum(one.task_seconds for one in made))
    return [*lines, "", f"Computing time (h:min:s), all workers added up: {total}.", ""]


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _section(path: Path, made: Made) -> list[str]:
    figure = made.figure
    return [
        f'<a id="{figure.name}"></a>',
        f"## Fig. {figure.name.removeprefix('fig').lstrip('0')}: {figure.title}",
        "",
        figure.protocol.strip(),
        *([f"Here: scale `{made.scale}`.", ""] if made.tasks else [""]),
        f"![{figure.name}]({_link(path, made)})",
        "",
        "| quantity | paper | ours | verdict | why |",
        "| --- | --- | --- | --- | --- |",
        *(_row(claim) for claim in made.claims),
        "",
    ]


def _row(claim: Claim) -> str:
    verdict = f"**{claim.verdict}**" if claim.verdict == "differs" else claim.verdict
    cells = (claim.quantity, claim.paper, claim.value, verdict, claim.why)
    # What a table or a browser would take for its own.
    plain = (cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells)
    return "| " + " | ".join(plain) + " |"
