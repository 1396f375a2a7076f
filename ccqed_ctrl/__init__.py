"""Control side of the confocal cavity QED associative memory."""

__version__ = "0.1.0"
