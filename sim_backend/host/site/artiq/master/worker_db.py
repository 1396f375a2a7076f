"""The managers of devices and datasets, and what goes with them."""

from sim_backend.host.on_demand import attributes

#: Lazily: the device manager's errors are of a class that is here.
__getattr__ = attributes(__name__)


class DummyDevice:
    """Stands for a device where none is wanted; it has no attributes."""


class DeviceError(Exception):
    """A device has no description, or its driver cannot be created."""
