"""The edge counter's driver, and its exception."""

from sim_backend.host.on_demand import attributes

__getattr__ = attributes(__name__)


class CounterOverflow(Exception):
    """The counter may have overflowed."""
