"""Exceptions of the frame grabber."""


class OutOfSyncException(Exception):
    """The number of regions read is not the number the grabber sent."""


class GrabberTimeoutException(Exception):
    """No frame came in time."""
