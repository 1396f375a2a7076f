"""The language of experiments."""

from artiq.language import core, environment, scan, types, units
from artiq.language.core import *
from artiq.language.environment import *
from artiq.language.scan import *
from artiq.language.types import *
from artiq.language.units import *

__all__ = [
    *core.__all__,
    *types.__all__,
    *environment.__all__,
    *units.__all__,
    *scan.__all__,
]
