"""What a figure of the paper is: protocol, studies, a drawing and claims to compare."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from matplotlib.figure import Figure

from analysis.campaign.results import Results
from analysis.campaign.study import Study
from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError

#: `quick`: all figures in minutes. `paper`: the paper's sizes and statistics, a night.
#: `beyond`: what the paper could not reach.
Scale: TypeAlias = Literal["quick", "paper", "beyond"]
SCALES: tuple[Scale, ...] = get_args(Scale)

#: `marginal`: at the edge of what the paper says, a choice of ours decides.
Verdict: TypeAlias = Literal["agrees", "marginal", "differs", "not comparable"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

#: Finished studies by name.
Tables: TypeAlias = Mapping[str, Results]

#: Standard errors that a number may lie outside the paper's range and still agree.
AGREEMENT = 2.0


@dataclass(frozen=True)
class Claim:
    """One number or statement of the paper beside ours.

    quantity: what, with its unit. paper: what the paper says. ours: what we find.
    uncertainty: one standard error of `ours`; None where nothing is random. why: what
    the verdict rests on, or where a difference comes from.

    Raises
    ------
    ParameterError
        An unknown verdict, or a negative uncertainty.
    """

    quantity: str
    paper: str
    ours: float | str
    uncertainty: float | None
    verdict: Verdict
    why: str

    def __post_init__(self) -> None:
        checks.choice("verdict", self.verdict, VERDICTS)
        if self.uncertainty is not None:
            checks.number("uncertainty", self.uncertainty, 0.0)

    @property
    def value(self) -> str:
        """`ours` as text, with its standard error."""
        if isinstance(self.ours, str):
            return self.ours
        if self.uncertainty is None:
            return f"{self.ours:.4g}"
        if self.uncertainty == 0:
            return f"{self.ours:.4g} ± 0"
        # Two digits of the error, and as many places of the number.
        places = max(0, 1 - math.floor(math.log10(self.uncertainty)))
        return f"{self.ours:.{places}f} ± {self.uncertainty:.{places}f}"


def compare(
    quantity: str,
    paper: str,
    ours: float,
    uncertainty: float | None,
    within: tuple[float, float],
    why: str,
) -> Claim:
    """Return a claim whose verdict follows from numbers.

    `agrees` when `ours` is within the closed range or at most `AGREEMENT` standard
    errors outside of it; `not comparable` when it is not finite.

    Parameters
    ----------
    within : (float, float)
        What the paper's number allows, its own uncertainty included; may be infinite.
    """
    low, high = within
    if not low <= high:
        raise ParameterError(f"within must be (low, high); got {within}")
    verdict: Verdict = "not comparable"
    if math.isfinite(ours):
        slack = AGREEMENT * (uncertainty or 0.0)
        verdict = "agrees" if low - slack <= ours <= high + slack else "differs"
    return Claim(quantity, paper, ours, uncertainty, verdict, why)


@dataclass(frozen=True)
class PaperFigure:
    """One figure of the paper, from protocol to verdicts.

    name: "fig05". protocol: sizes, seeds, estimator, source equations, in sentences.
    studies: what must be computed at a scale; empty for closed forms. A study's name
    starts with the figure's ("fig05.minima"), and what a task returns may depend on its
    point and generator alone, so that scales share finished tasks. draw: onto an empty
    Matplotlib figure of `size` inches. claims: rows of the report. page:
    instead of such rows a page of its own, from studies and the link to the picture.
    """

    name: str
    title: str
    protocol: str
    studies: Callable[[Scale], Sequence[Study]]
    draw: Callable[[Tables, Figure], None]
    claims: Callable[[Tables], list[Claim]]
    size: tuple[float, float] = (10.0, 4.5)
    page: Callable[[Tables, str], str] | None = None


def check_scale(scale: str) -> Scale:
    """Return a scale, or refuse it with the closest match.

    Raises
    ------
    ParameterError
        Not one of `SCALES`.
    """
    for known in SCALES:
        if scale == known:
            return known
    raise ParameterError(f"no scale {scale!r}{near(scale, SCALES)}")


def near(name: str, known: Sequence[str]) -> str:
    """Return a hint for a name that is not known: the closest, and all of them."""
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {found[0]!r}?" if found else ""
    return f"{hint} (known: {', '.join(known)})"
