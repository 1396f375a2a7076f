"""What experiments import of the core device.

Drivers are those of the twin; what has no twin can be imported and refuses to be made.
"""

from artiq.coredevice.exceptions import RTIOOverflow, RTIOUnderflow

__all__ = ["RTIOUnderflow", "RTIOOverflow"]
