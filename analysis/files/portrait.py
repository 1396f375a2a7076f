"""A run as text, for notebooks and terminals."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ccqed_ctrl.records.annotation import SETTINGS
from ccqed_ctrl.units import SCALES

if TYPE_CHECKING:
    from .run import Run

#: Characters of what is shown of a value.
_LONGEST: Final = 60


def portrait(run: Run) -> str:
    """Return what a run was, what came out of it, and what its file holds."""
    names = {key: name for name, key in run.attributes.items()}
    keys = [key for key in run.keys if not key.startswith(SETTINGS)]
    results = [key for key in keys if key.startswith("summary.")]
    arrays = [key for key in keys if key in run.entries or run.entry(key).axes]
    results = [key for key in results if not run.entry(key).axes]
    lines = [
        f"{run.header.class_name}, {run.title}: {run.shots} shots",
        *(f"  scanned {name} = {_scan(run, name)}" for name in run.scanned),
        *(f"  {names[key]:20} {clipped(_value(run, key))}" for key in results),
    ]
    about = {
        "settings()": list(run.settings()),
        "itself": [names[key] for key in keys if key not in arrays],
    }
    lines += [f"  {label:20} {', '.join(of)}" for label, of in about.items() if of]
    width = max((len(_axes(run, key)) for key in arrays), default=0)
    for key in arrays:
        if key not in results:
            entry = run.entry(key)
            unit = f" ({entry.unit})" if entry.unit else ""
            meaning = f"{entry.doc}{unit}"
            lines.append(f"  .{names[key]:19} {_axes(run, key):{width}}  {meaning}")
    return "\n".join(line.rstrip() for line in lines)


def _scan(run: Run, name: str) -> str:
    """Return the values that a setting ran through, once each."""
    entry = run.entry(f"{SETTINGS}{name}")
    return clipped(shown(tuple(dict.fromkeys(run.scanned[name])), entry.unit))


def _value(run: Run, key: str) -> str:
    return shown(run.get(key), run.entry(key).unit)


def shown(value: Any, unit: str = "", digits: int = 6) -> str:
    """Return an SI value as people write it, in display units."""
    if isinstance(value, np.ndarray | tuple | list):
        return ", ".join(shown(item, unit, digits) for item in value)
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float | np.floating):
        return f"{value / SCALES[unit]:.{digits}g} {unit}".strip()
    return " ".join(str(value).split())


def clipped(text: str) -> str:
    """Return a text that is not too long to be shown with others."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _axes(run: Run, key: str) -> str:
    axes = run.entry(key).axes
    if key not in run.entries:  # they have no names
        axes = ("?",) * len(axes)
    return " x ".join(axes) or "-"
