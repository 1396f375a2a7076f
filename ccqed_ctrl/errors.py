"""The error tree: one root, and each error also its nearest builtin.

Every message names the thing, what is allowed, what came, and the likely cause.
"""

from __future__ import annotations


class CcqedError(Exception):
    """Root of every error this package raises on purpose."""


class ParameterError(CcqedError, ValueError):
    """A parameter is outside what physics, apparatus or software allows."""


class ShapeError(ParameterError):
    """An array has the wrong shape, type or symmetry."""


class PatternError(ParameterError):
    """Memories cannot be read or cannot be stored."""


class LayoutError(ParameterError):
    """The ensembles cannot be placed as asked."""


class LimitError(ParameterError):
    """A value is outside the safety envelope (`ccqed_ctrl.limits`)."""


class DeviceError(CcqedError, RuntimeError):
    """A device refused, failed or is unknown."""


class DeviceTimeoutError(DeviceError, TimeoutError):
    """A device did not answer in time."""


class MissingDataError(DeviceTimeoutError):
    """A device answered, with less than was asked for."""


class CalibrationError(CcqedError, RuntimeError):
    """A calibration is missing, stale or contradictory."""


class SchemaError(CcqedError, ValueError):
    """A dataset does not match the schema, or a file is of another revision."""


class DecodingError(CcqedError, ValueError):
    """A frame cannot be decoded."""


class FitError(CcqedError, RuntimeError):
    """Data that do not determine what is fitted to them, or contradict it."""


class ExperimentError(CcqedError, RuntimeError):
    """An experiment file, class or argument is not what was asked for."""


class ResultsError(CcqedError, OSError):
    """Results cannot be written or read."""


class StorageError(ResultsError):
    """What was measured could not be written: disk full, gone, or not writable."""


class TimelineError(CcqedError, RuntimeError):
    """Events contradict the timeline, as a real core device would refuse them."""


def restored(error: Exception) -> CcqedError | None:
    """Return the error of this tree that came over the network, None if it is another.

    sipyco sends of what is no class of Python's a text, "MODULE.CLASS: message".
    """
    place, _, message = str(error).partition(": ")
    module, _, name = place.rpartition(".")
    kind = globals().get(name) if module == __name__ else None
    return kind(message) if isinstance(kind, type) else None
