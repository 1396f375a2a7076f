"""Read PYON of either version."""

import json

from sipyco import pyon, pyon_v1


def pyon_decode(s):
    """Decode PYON text: version 2, else version 1."""
    try:
        return pyon.decode(s)
    except json.JSONDecodeError:
        return pyon_v1.decode(s)


def pyon_load_file(filename):
    """Decode a PYON file of either version."""
    try:
        return pyon.load_file(filename)
    except json.JSONDecodeError:
        return pyon_v1.load_file(filename)
