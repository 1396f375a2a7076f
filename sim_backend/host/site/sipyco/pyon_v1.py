"""PYON version 1: Python-like text, as files before ARTIQ 9 hold it. Read only."""

from pathlib import Path

from ccqed_ctrl.pyon import decode_v1


def decode(s):
    """Return the value of PYON text; it is parsed, never evaluated."""
    return decode_v1(s)


def load_file(filename):
    """Return the value of a file."""
    return decode(Path(filename).read_text(encoding="utf-8"))
