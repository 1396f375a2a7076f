"""A run as text, for notebooks and terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .run import Run

#: Characters of what is shown of a value.
_LONGEST: Final = 60


def portrait(run: Run) -> str:
    """Return what a run was, what came out of it, and what its file holds."""
    names = {key: name for name, key in run.attributes.items()}
    keys = [key for key in run.keys if not key.startswith("settings.")]
    results = [key for key in keys if key.startswith("summary.")]
    arrays = [key for key in keys if key in run.entries or run.entry(key).axes]
    results = [key for key in results if not run.entry(key).axes]
    lines = [
        f"{run.header.class_name}, {run.title}: {run.shots} shots",
        *(
            f"  scanned {name} = {clipped(value)}"
            for name, value in run.scanned.items()
        ),
        *(f"  {names[key]:20} {clipped(run.get(key))}" for key in results),
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


def clipped(value: Any) -> str:
    """Return a value in a line that is not too long."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _axes(run: Run, key: str) -> str:
    axes = run.entry(key).axes
    if key not in run.entries:  # they have no names
        axes = ("?",) * len(axes)
    return " x ".join(axes) or "-"
