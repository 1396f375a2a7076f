"""Stand-in for ARTIQ where none is installed: interfaces of release 9, host only.

Written anew from the manual for `ccqed run`; it drives no hardware.
"""

from pathlib import Path

__version__ = "9.0+ccqed.embedded"
__artiq_dir__ = str(Path(__file__).parent)
