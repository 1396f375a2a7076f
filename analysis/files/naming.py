"""What datasets are called by those who read: `overlaps` for `shot.overlaps`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

#: Of datasets whose keys end alike, the first of these has the plain name.
PREFIXES: Final = ("summary", "shot", "plan", "settings")


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Return the key of each name, usable as an attribute.

    A name is the last part of a key; where another dataset has it, the part before
    comes in front: `settings.imaging.phase` beside `shot.phase` is `imaging_phase`.
    """
    found: dict[str, str] = {}
    for key in sorted(keys, key=_rank):
        parts = [identifier(part) for part in re.split("[./]", key)]
        name = parts.pop()
        while name in found and parts:
            name = f"{parts.pop()}_{name}"
        while name in found:
            name += "_"
        found[name] = key
    return found


def key_of(name: str, names: Mapping[str, str]) -> str | None:
    """Return the key that is meant by a key, "group.field" of a setting, or a name."""
    keys = set(names.values())
    for key in (name, f"settings.{name}"):
        if key in keys:
            return key
    return names.get(name)


def identifier(text: str) -> str:
    """Return a text as Python and CF want a name."""
    name = re.sub(r"\W", "_", text, flags=re.ASCII)
    return name if re.match("[A-Za-z]", name) else f"x{name}"


def _rank(key: str) -> int:
    prefix = key.partition(".")[0]
    return PREFIXES.index(prefix) if prefix in PREFIXES else len(PREFIXES)
