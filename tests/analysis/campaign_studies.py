"""Study functions for the campaign tests; workers import them from this folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

SCALE = 2.0


def draw(point, rng):
    """A scalar, an array, and a matrix product whose last bit a second thread turns."""
    noise = rng.normal(size=(64, 64))
    return {
        "mean": SCALE * point["width"] * rng.normal(),
        "counts": rng.integers(0, 100, size=3),
        "product": (noise @ noise)[0],
        "pid": 0,
    }


def sleepy(point, rng):
    time.sleep(point["nap"])
    return draw(point, rng)


def touch(point, rng):
    """Leave a trace of every execution."""
    folder = Path(point["folder"])
    (folder / f"{point['width']}-{rng.integers(2**31)}-{time.time_ns()}").touch()
    return draw(point, rng)


def fragile(point, rng):
    if point["width"] < 0:
        raise ValueError(f"width {point['width']} is negative")
    return draw(point, rng)


def moody(point, rng):
    """Fail while a file is missing."""
    if not Path(point["file"]).exists():
        raise RuntimeError("not yet")
    return draw(point, rng)


def deadly(point, rng):
    if point["width"] == 13:
        os._exit(3)
    return draw(point, rng)


def confused(point, rng):
    return [1, 2, 3]


def wordy(point, rng):
    return {"word": "seven"}


def ragged(point, rng):
    return {"row": rng.normal(size=point["width"])}


def changing(point, rng):
    """Return one more value at one point."""
    values = {"mean": point["width"]}
    return values | {"extra": 0} if point["width"] == 2 else values
