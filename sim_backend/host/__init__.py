"""The embedded ARTIQ host: what `ccqed run` uses to run an ordinary ARTIQ experiment.

Where no `artiq` is installed, `site/` holds stand-ins that experiments import; an
installed ARTIQ always wins, and a broken one raises instead of being papered over.
Importing this package makes `artiq` importable.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Final

#: Folder of the stand-in packages `artiq` and `sipyco`.
SITE: Final = Path(__file__).parent / "site"


def ensure_artiq() -> bool:
    """Make `artiq` and `sipyco` importable; return True if this `artiq` is ours.

    `site/` goes to the end of `sys.path`, and only if one of the two is missing, so
    that each installed package is found before its stand-in. Safe to call twice.
    """
    if not (_installed("artiq") and _installed("sipyco")):
        sys.path.append(str(SITE))
    return is_embedded("artiq")


def is_embedded(package: str) -> bool:
    """Return True if importing `package` gives the stand-in of this folder."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return False
    return Path(spec.origin).is_relative_to(SITE)


def _installed(package: str) -> bool:
    # A folder that happens to bear the name (a checkout beside the working
    # directory) is found as a namespace package, without origin: not an installation.
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None


ensure_artiq()
