"""The frame grabber's driver, and its exceptions."""

from sim_backend.host.on_demand import attributes

__getattr__ = attributes(__name__)


class OutOfSyncException(Exception):
    """The number of regions read is not the number the grabber sent."""


class GrabberTimeoutException(Exception):
    """No frame came in time."""
