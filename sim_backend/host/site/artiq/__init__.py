"""Stand-in for ARTIQ where none is installed: interfaces of release 9, host only.

Written anew from the manual for `ccqed run`; it drives no hardware. Modules that are no
files here are made when they are imported (`sim_backend.host.names`).
"""

from pathlib import Path

from sim_backend.host import on_demand

__version__ = "9.0+ccqed.embedded"
__artiq_dir__ = str(Path(__file__).parent)

on_demand.install(__name__)
