"""Everything an experiment file needs: ``from artiq.experiment import *``."""

from artiq import coredevice, language
from artiq.coredevice import *
from artiq.language import *

__all__ = [*language.__all__, *coredevice.__all__]
