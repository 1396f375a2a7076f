"""The dictionary of datasets, for terminals and as a page."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from ..tables import Column, Fitted
from .declaration import Declaration, Entry, Record

_TITLES = ("dataset", "axes", "type", "unit", "meaning", "")


def table(entries: Iterable[Entry]) -> Fitted:
    """Return what entries say, a line each, for a terminal."""
    ranks = (0, 1, 3, 2, 0, 4)
    columns = [
        Column(title, rank, wraps=title == "meaning")
        for title, rank in zip(_TITLES, ranks, strict=True)
    ]
    return Fitted(columns, [_cells(entry) for entry in entries])


def page(kinds: Iterable[type[Record]]) -> str:
    """Return docs/datasets.md: the records' datasets, each where it is declared."""
    classes = {
        base: None
        for kind in kinds
        for base in reversed(kind.__mro__)
        if _declared(base)
    }
    lines = [_HEAD]
    for kind in classes:
        bases = [base.__name__ for base in kind.__bases__ if _declared(base)]
        beside = f", beside those of {' and '.join(bases)}" if bases else ""
        lines += [f"## {kind.__name__}", "", f"{inspect.getdoc(kind)}", ""]
        lines += [f"Its datasets{beside}:", ""]
        lines += [_line(_TITLES), _line(["---"] * len(_TITLES))]
        lines += [_line([f"`{cells[0]}`", *cells[1:]]) for cells in
                  map(_cells, _declared(kind))]  # fmt: skip
        lines.append("")
    return "\n".join(lines)


_HEAD = """# What a results file holds

Written by `python -m sim_backend.host.schema`; a test holds it to the code. A file
carries the same in its dataset `schema`: `ccqed schema FILE` prints that, with the
settings, and `ccqed schema EXPERIMENT` what an experiment declares.

Values are SI; the unit is the one of display. Axes: `S` shots (rows), `K` points of a
scan (in front of what differs between points), `P` memories, `N` ensembles, `F` frames,
`G` holograms, `ny nx` pixels, `T` steps of the ramp, `D` scans; a digit is a size.

Every run of shots also holds

- `settings.GROUP.FIELD`: every argument and every believed value as it was used (`K` in
  front where it was scanned); what was left unset has none. `ccqed list` and `ccqed
  belief` say what they mean.
- `belief.laboratory` and `belief.sha256`: the laboratory.toml; `belief.sources`: where
  each value came from, JSON.
- `provenance`: versions, git state, seeds, slack, truth of the twin, JSON. `backend`:
  hardware or simulation. `status`: see [endings](endings.md).
- `progress.done`, `progress.total`: shots; rows beyond `done` are not complete.
- `schema`, `schema_revision`: this dictionary, JSON.
"""


def _declared(kind: type) -> list[Entry]:
    """Return what a class itself declares."""
    return [
        getattr(kind, name)
        for name, item in vars(kind).items()
        if isinstance(item, Declaration)
    ]


def _cells(entry: Entry) -> list[str]:
    live = entry.key.startswith("live.")
    kind = "shown live" if live else "planned" if entry.planned else "measured"
    kind = kind if entry.doc else ""
    return [
        entry.key, " ".join(entry.axes), entry.dtype, entry.unit, entry.doc, kind,
    ]  # fmt: skip


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
