"""What experiments store: each dataset declared once, in the class that reads it."""

from .declaration import POINTS, SHOTS, Entry, Record, live, plan, row, summary
from .schema import REVISION, decoded, encoded, setting
from .shots import FrameRecord, ShotRecord

__all__ = [
    "POINTS",
    "REVISION",
    "SHOTS",
    "Entry",
    "FrameRecord",
    "Record",
    "ShotRecord",
    "decoded",
    "encoded",
    "live",
    "plan",
    "row",
    "setting",
    "summary",
]
