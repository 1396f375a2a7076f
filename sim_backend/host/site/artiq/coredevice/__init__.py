"""What ordinary experiments import of the core device: exceptions and constants.

Drivers are not here: device databases that run on this host name simulated ones.
"""

from artiq.coredevice.exceptions import RTIOOverflow, RTIOUnderflow

__all__ = ["RTIOUnderflow", "RTIOOverflow"]
