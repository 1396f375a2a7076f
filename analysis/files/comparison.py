"""What differs between two runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ccqed_ctrl.records import SHOTS

from .arrays import IMAGE
from .portrait import clipped, shown
from .run import Run

#: In place of what one of the runs does not have.
ABSENT: Final = "-"
#: What differs in later digits only is rounding.
_DIGITS: Final = 12
#: Keys that say what a run was; they are compared word by word, or tell of the file.
_ITSELF: Final = (
    "settings.", "summary.", "belief.", "progress.", "provenance", "schema",
    "status", "backend",
)  # fmt: skip
#: What is compared in pairs, and what it is called.
_SECTIONS: Final = {
    "settings": "settings",
    "sources": "sources of what is believed",
    "provenance": "versions and provenance",
    "summary": "summary",
}

Pairs = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side; only what differs, as text.

    settings, sources (of what is believed), provenance (versions, code, truth of the
    twin), summary: by name, what each run says. data: by dataset, how they differ.
    frames: whether the raw images are equal, None where not both have any.
    """

    titles: tuple[str, str]
    shots: tuple[int, int]
    settings: Pairs
    sources: Pairs
    provenance: Pairs
    summary: Pairs
    data: Mapping[str, str]
    frames: bool | None

    @property
    def agrees(self) -> bool:
        """Whether settings, summary and data are the same."""
        changed = self.settings or self.summary or self.data
        return self.shots[0] == self.shots[1] and not changed

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield from (f"{mark} {of}" for mark, of in zip("ab", self.titles, strict=True))
        yield f"shots: {' and '.join(map(str, dict.fromkeys(self.shots)))}"
        for name, title in _SECTIONS.items():
            yield from _section(title, getattr(self, name))
        yield "data:" if self.data else "data: the same"
        yield from (f"  {key} {how}" for key, how in self.data.items())
        same = {True: "equal", False: "not equal", None: "not in both"}
        yield f"raw frames: {same[self.frames]}"


def _section(title: str, pairs: Pairs) -> Iterator[str]:
    sides = [set(of) for of in zip(*pairs.values(), strict=True)]
    if not pairs:
        yield f"{title}: the same"
    elif {ABSENT} in sides:
        yield f"{title}: {'ab'[sides.index({ABSENT})]} says nothing"
    else:
        yield f"{title}:"
        width = max(map(len, pairs))
        left = max(len(clipped(a)) for a, _ in pairs.values())
        for name, (a, b) in pairs.items():
            yield f"  {name:{width}}  {clipped(a):{left}}  {clipped(b)}".rstrip()


def compare(a: Run, b: Run) -> Comparison:
    """Compare two runs: what was set and believed, what it was run with, what came out.

    Raises
    ------
    ResultsError, SchemaError
        A file that cannot be read.
    """
    here, there = (
        dict.fromkeys(key for key in run.keys if not key.startswith(_ITSELF))
        for run in (a, b)
    )
    both = [key for key in here if key in there]
    data = {key: how for key in both if (how := _difference(a, b, key))}
    data |= {key: "only in a" for key in here if key not in there}
    data |= {key: "only in b" for key in there if key not in here}
    images = [key for key in both if a.entry(key).axes[-2:] == IMAGE]
    return Comparison(
        (_title(a), _title(b)),
        (a.shots, b.shots),
        _pairs(_chosen(a, "settings."), _chosen(b, "settings.")),
        _pairs(_sources(a), _sources(b)),
        _pairs(dict(_flat(a.header.provenance)), dict(_flat(b.header.provenance))),
        _pairs(_chosen(a, "summary."), _chosen(b, "summary.")),
        data,
        a.shots == b.shots and not data.keys() & images if images else None,
    )


def _title(run: Run) -> str:
    return f"{run.header.class_name}, {run.title}, {run.path}"


def _pairs(a: Mapping[str, str], b: Mapping[str, str]) -> Pairs:
    names = dict.fromkeys([*a, *b])
    both = {name: (a.get(name, ABSENT), b.get(name, ABSENT)) for name in names}
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}


def _chosen(run: Run, prefix: str) -> dict[str, str]:
    return {
        key.removeprefix(prefix): shown(run.get(key), run.entry(key).unit, _DIGITS)
        for key in run.keys
        if key.startswith(prefix)
    }


def _sources(run: Run) -> dict[str, str]:
    """Return where each believed value came from; nothing of what is no such record."""
    stored = run.get("belief.sources") if run.has("belief.sources") else "{}"
    try:
        found = json.loads(stored)
        return {
            name: ", ".join(str(part) for part in about.values() if part)
            for name, about in found.items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {"belief.sources": "unreadable"}


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", shown(value, digits=_DIGITS)


def _difference(a: Run, b: Run, key: str) -> str:
    """Say how a dataset differs; empty if it does not."""
    axes = a.entry(key).axes
    if axes[:1] != (SHOTS,) or axes != b.entry(key).axes:
        return "" if _same(a.get(key), b.get(key)) else "differs"
    common = min(a.shots, b.shots)
    changed = sum(not _same(a.row(key, i), b.row(key, i)) for i in range(common))
    return f"differs in {changed} of {common} shots" if changed else ""


def _same(a: Any, b: Any) -> bool:
    one, other = np.asarray(a), np.asarray(b)
    floats = one.dtype.kind in "fc" and other.dtype.kind in "fc"
    return np.array_equal(one, other, equal_nan=floats)
