"""Placeholders and errors of the device manager."""


class DummyDevice:
    """Stands for a device where none is wanted; it has no attributes."""


class DeviceError(Exception):
    """A device has no description, or its driver cannot be created."""
