"""Stand-in for sipyco where none is installed: PYON, remote procedure calls, arguments.

The rest of it can be imported, and refuses when it is called.
"""

from sim_backend.host import on_demand

on_demand.install(__name__)
