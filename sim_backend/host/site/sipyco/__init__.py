"""Stand-in for sipyco where none is installed: serialisation and common arguments.

What is of the network can be imported, and refuses when it is called.
"""

from sim_backend.host import on_demand

on_demand.install(__name__)
