"""From raw frames to fields, spins, patterns and figures; and back from files.

    import analysis

    run = analysis.open("latest")
    run.overlaps
    analysis.runs("results")
    analysis.compare(3, 4)

What these need is imported when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .files.reading import compare, open, runs

__all__ = ["compare", "open", "runs"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from analysis.files import reading

        return getattr(reading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
