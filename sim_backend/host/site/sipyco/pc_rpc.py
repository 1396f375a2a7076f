"""Remote procedure calls: names only, for the embedded host has no network."""

from sim_backend.host.on_demand import attributes

__getattr__ = attributes(__name__)


class IncompatibleServer(Exception):
    """The server speaks another protocol, or offers another target."""
